"""What is known of models: those that Anthropic lists for the key, as this process last heard it, and a few built in.

`chat.claude.model_offer` asks for the list. Where a list is there, it is right; the built-in ones stand in for it.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final, NamedTuple, get_args

from chat.lifetime import part
from chat.protocol.room_settings import Effort

EFFORTS: Final[tuple[str, ...]] = tuple(filter(None, get_args(Effort)))

_WARNED_DAYS: Final = 90
_MANY_TOKENS: Final = 128_000


class KnownModel(NamedTuple):
    """efforts: those it takes, none where it takes no such word. most_output: tokens that one call may write.

    unthinking: the type of `thinking` with which it replies without thinking first; empty where it has none.

    retires: the day on which it is said to end. is_leaving: it still replies, but not for long.
    """

    id: str
    name: str
    efforts: tuple[str, ...] = EFFORTS
    unthinking: str = ""
    most_output: int = _MANY_TOKENS
    most_input: int = 1_000_000
    pictures: bool = True
    pdfs: bool = True
    web: bool = True
    is_leaving: bool = False
    retires: date | None = None

    def warning(self, today: date) -> str:
        """Return what people should know who choose it; nothing while it stays."""
        if self.retires is None:
            return "will be retired" if self.is_leaving else ""
        if self.is_leaving or self.retires - today <= timedelta(days=_WARNED_DAYS):
            return f"retires on {self.retires:%Y-%m-%d}"
        return ""


_BUILT_IN: Final = {
    model.id: model
    for model in (
        KnownModel("claude-opus-5-5", "Claude Opus 5.5"),
        KnownModel("claude-sonnet-5-5", "Claude Sonnet 5.5", unthinking="between_tools"),
        KnownModel("claude-haiku-5-5", "Claude Haiku 5.5", unthinking="disabled"),
    )
}


class Listed:
    """What Anthropic lists, by id; None where it could not be asked. ask_again_at: in seconds of the clock `monotonic`."""

    def __init__(self) -> None:
        self.models: dict[str, KnownModel] | None = None
        self.ask_again_at = 0.0


def remember_listed(models: Iterable[KnownModel] | None) -> None:
    """Keep what Anthropic lists; None means that it could not be asked."""
    part(Listed).models = None if models is None else {model.id: model for model in models}


def is_listed(model: str) -> bool | None:
    """Whether Anthropic lists a model; None where its list is not known."""
    models = part(Listed).models
    return None if models is None else model in models


def listed() -> list[KnownModel]:
    """Return what Anthropic lists, or else what is built in."""
    models = part(Listed).models
    return list((_BUILT_IN if models is None else models).values())


def of(model: str) -> KnownModel:
    """Return what is known of a model. Of one that no one has told of, it is taken that it can do everything."""
    known = (part(Listed).models or {}).get(model) or _BUILT_IN.get(model)
    return known or KnownModel(model, model)
