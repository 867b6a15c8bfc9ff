"""What went wrong with a call, said twice: a sentence for the members, and the facts for the administrators. No I/O.

Errors are told apart by the names of their classes, so that nothing here has to load the SDK. No text of people and no
key gets into what is returned: a sentence goes to everyone in the room, a detail into logs and the admin site.
"""

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.claude.backends.backend import Call, CallFailed

# Anthropic sends a ping while nothing else is to be sent. That it lives is worth some patience, but not patience without
# end: after so many times `CLAUDE_READ_SECONDS` without an event of the message, it has stalled.
PATIENCE_WITH_PINGS: Final = 5

_LATER: Final = "Try again in a moment."
_ADMINISTRATORS: Final = "The administrators can see why."
_DETAIL_CHARS: Final = 300
# As long a piece of a prompt in Anthropic's message is no coincidence.
_ECHO_CHARS: Final = 16
_SHORTEST_SECRET: Final = 4


class _Kind(NamedTuple):
    """reason: what the members read. advice: what follows when nothing has arrived yet."""

    code: str
    reason: str
    advice: str = _LATER


_UNAVAILABLE: Final = "Claude is not available."

_RATE_LIMITED: Final = _Kind("rate_limited", "Claude gets too many requests from this server right now.")
_OVERLOADED: Final = _Kind("overloaded", "Claude is overloaded right now.")
_SERVER_ERROR: Final = _Kind("server_error", "Claude has a problem of its own right now.")
_UNREACHABLE: Final = _Kind("unreachable", "Claude could not be reached.")
_STALLED: Final = _Kind("stalled", "Claude stopped responding.")
_CUT: Final = _Kind("cut", "The connection to Claude was cut.")
_GARBAGE: Final = _Kind("garbage", "What came from Claude could not be read.")
_INCOMPLETE: Final = _Kind("incomplete", "The rest did not come.")
_TOO_LONG: Final = _Kind(
    "too_long", "This conversation is too long for Claude.", "Start a new session, or ask shorter."
)
_FILTERED: Final = _Kind("filtered", "A content filter stopped Claude's reply.", "Ask in other words.")
_BAD_KEY: Final = _Kind("bad_key", _UNAVAILABLE, _ADMINISTRATORS)
_NO_CREDIT: Final = _Kind("no_credit", _UNAVAILABLE, _ADMINISTRATORS)
_FORBIDDEN: Final = _Kind("forbidden", _UNAVAILABLE, _ADMINISTRATORS)
_MISCONFIGURED: Final = _Kind("misconfigured", _UNAVAILABLE, _ADMINISTRATORS)
_NO_MODEL: Final = _Kind(
    "unknown_model", "The chosen model is not available.", f"This room's owners can choose another. {_ADMINISTRATORS}"
)
_WRONG_ADDRESS: Final = _Kind("wrong_address", _UNAVAILABLE, _ADMINISTRATORS)
_BAD_REQUEST: Final = _Kind("bad_request", "Claude did not accept the request.", _ADMINISTRATORS)

# The type says more than the status: an error in the middle of a stream has the status 200.
_BY_TYPE: Final = {
    "authentication_error": _BAD_KEY,
    "billing_error": _NO_CREDIT,
    "permission_error": _FORBIDDEN,
    "not_found_error": _NO_MODEL,
    "invalid_request_error": _BAD_REQUEST,
    "request_too_large": _TOO_LONG,
    "rate_limit_error": _RATE_LIMITED,
    "overloaded_error": _OVERLOADED,
    "timeout_error": _SERVER_ERROR,
    "api_error": _SERVER_ERROR,
}
_PASSING: Final = (_RATE_LIMITED, _OVERLOADED, _SERVER_ERROR, _CUT, _INCOMPLETE)
_TOO_LONG_WORDS: Final = (
    "prompt is too long",
    "input is too long",
    "context limit",
    "context window",
    "context length",
    "too many tokens",
    "too many input tokens",
    "request too large",
    "prompt too long",
    "input length",
    "maximum number of tokens",
    "maximum number of input tokens",
    "maximum allowed number of tokens",
)
_FILTER_WORDS: Final = (
    "content filter",
    "content_filter",
    "content policy",
    "usage policy",
    "safety filter",
    "content management policy",
    "content moderation",
    "guardrail",
)
# Of the library, and of the event loop where pings were all that came.
_SILENCES: Final = frozenset(("ReadTimeout", "WriteTimeout", "TimeoutError"))
# For responses without a type: those of a proxy on the way.
_BY_STATUS: Final = {
    400: _BAD_REQUEST,
    401: _BAD_KEY,
    402: _NO_CREDIT,
    403: _FORBIDDEN,
    404: _NO_MODEL,
    413: _TOO_LONG,
    422: _BAD_REQUEST,
    429: _RATE_LIMITED,
    529: _OVERLOADED,
}


class Progress(NamedTuple):
    """How far a call had got when it failed.

    opened: a response had come at all. began: the message had. has_said: a word of it had. retries_left: how often it may
    be tried again.
    """

    opened: bool = False
    began: bool = False
    has_said: bool = False
    retries_left: int = 0


_NOTHING_CAME: Final = Progress()


def unusable_key() -> CallFailed | None:
    """Return the failure of calls without a key, or with one that no header can carry; None when it may be tried."""
    key = settings.ANTHROPIC_API_KEY
    if not key:
        return _failed(_MISCONFIGURED, "ANTHROPIC_API_KEY is not set.")
    if not key.isascii() or not key.isprintable() or key != key.strip():
        detail = "ANTHROPIC_API_KEY holds characters that cannot be sent, or blanks around it."
        return _failed(_MISCONFIGURED, detail)
    return None


def incomplete(what: str, got: Progress) -> CallFailed:
    """Return the failure of a stream that ended in good order before the message did."""
    return _failed(_INCOMPLETE if got.began else _GARBAGE, f"The stream ended without {what}.", got)


def failure_of(error: Exception, call: Call, got: Progress) -> CallFailed:
    """Return what an error of the SDK, or of what it stands on, means."""
    names = [kind.__name__ for kind in type(error).__mro__]
    if "APIStatusError" in names:
        return _of_status(error, call, got)
    cause = error.__cause__ if names[0] in ("APIConnectionError", "APITimeoutError") else None
    root = cause if isinstance(cause, Exception) else error
    names = [kind.__name__ for kind in type(root).__mro__]
    kind = _of_transport(names, opened=got.opened)
    if names[0] == "TimeoutError":
        whole = settings.CLAUDE_READ_SECONDS * PATIENCE_WITH_PINGS
        detail = f"nothing but pings arrived for {whole:g} s ({PATIENCE_WITH_PINGS} times CLAUDE_READ_SECONDS)"
    elif kind is _STALLED:
        detail = f"{names[0]}: nothing arrived for {settings.CLAUDE_READ_SECONDS:g} s (CLAUDE_READ_SECONDS)"
    elif kind in (_CUT, _UNREACHABLE):
        detail = f"{names[0]}: {root}"
    elif kind is _MISCONFIGURED:
        detail = f"{names[0]}: the request could not be sent; see ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY"
    else:
        # What a decoder says may quote what it could not decode, and that is meant for people.
        detail = names[0]
    return _failed(kind, detail[:_DETAIL_CHARS], got)


def _of_transport(names: list[str], *, opened: bool) -> _Kind:
    if not _SILENCES.isdisjoint(names):
        return _STALLED
    if "UnicodeEncodeError" in names:
        return _BAD_REQUEST
    if opened:
        return _CUT if "TransportError" in names or "OSError" in names else _GARBAGE
    if "UnsupportedProtocol" in names or "LocalProtocolError" in names:
        return _MISCONFIGURED
    return _UNREACHABLE if "TransportError" in names or "OSError" in names else _MISCONFIGURED


def _of_status(error: Any, call: Call, got: Progress) -> CallFailed:
    said = error.api_message[:_DETAIL_CHARS] if isinstance(error.api_message, str) else ""
    kind = _BY_TYPE.get(str(error.type)) or _BY_STATUS.get(error.status_code, _SERVER_ERROR)
    kind = _by_words(kind, said.lower(), call)
    if str(error.error_code).endswith("spend_limit_reached"):
        kind = _NO_CREDIT
    where = "in the stream" if error.status_code == 200 else f"HTTP {error.status_code}"
    facts = [where, str(error.type or "of no known type"), str(error.error_code or "")]
    detail = " ".join(fact for fact in facts if fact)
    if said and not _echoes(said, call):
        detail += f": {said}"
    request = f" ({error.request_id})" if error.request_id else ""
    return _failed(kind, detail[:_DETAIL_CHARS] + request, got)


def _by_words(kind: _Kind, said: str, call: Call) -> _Kind:
    """Return what a refusal means by its message, where type and status tell too little to know who can do something."""
    if "credit balance" in said:
        return _NO_CREDIT
    if kind is _NO_MODEL and "model" not in said and call.model.lower() not in said:
        return _WRONG_ADDRESS
    if kind in (_BAD_REQUEST, _SERVER_ERROR):
        # Members can ask shorter, or in other words; administrators can do nothing about either.
        if any(words in said for words in _TOO_LONG_WORDS):
            return _TOO_LONG
        if any(words in said for words in _FILTER_WORDS):
            return _FILTERED
    return kind


def _failed(kind: _Kind, detail: str, got: Progress = _NOTHING_CAME) -> CallFailed:
    # That it is interrupted, its state says.
    sentence = kind.reason if got.has_said else f"{kind.reason} {kind.advice}"
    key = settings.ANTHROPIC_API_KEY
    if len(key) >= _SHORTEST_SECRET:
        detail = detail.replace(key, "***")
    # What fails before the stream opens, the SDK has tried again.
    passes = got.opened and not got.has_said and kind in _PASSING
    retries_left = got.retries_left if passes else 0
    return CallFailed(kind.code, sentence, detail.strip(), began=got.has_said, retries_left=retries_left)


def _echoes(said: str, call: Call) -> bool:
    """Whether a message of Anthropic repeats a piece of what people wrote."""
    texts = list(_texts([*call.system, *call.messages]))
    pieces = (said[start : start + _ECHO_CHARS] for start in range(max(1, len(said) - _ECHO_CHARS + 1)))
    return any(piece in text for piece in pieces for text in texts)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)
