"""What calls of Claude have used, and how rows tell it."""

from typing import Final, NamedTuple

TOKEN_KINDS: Final = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
"""The fields of a charge and of a reply that count tokens, in the order of every tuple and struct that holds the four."""


class Usage(NamedTuple):
    """What calls have used. Its fields are those of a charge and of a reply.

    cache_creation_1h_input_tokens: how many of those that were written to the cache it keeps for an hour.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0
    web_search_requests: int = 0

    @property
    def prompt_tokens(self) -> int:
        return self.input_tokens + self.cache_creation_input_tokens + self.cache_read_input_tokens

    def plus(self, other: "Usage") -> "Usage":
        return Usage(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Usage") -> "Usage":
        """Return what is more than in another; nothing where that has more."""
        return Usage(*(max(0, mine - theirs) for mine, theirs in zip(self, other, strict=True)))


USAGE_KINDS: Final = Usage._fields


class Metered:
    """A row that counts what calls have used, in columns named as the fields of `Usage`."""

    @property
    def usage(self) -> Usage:
        return Usage(*(getattr(self, kind) for kind in USAGE_KINDS))
