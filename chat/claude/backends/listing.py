"""What Anthropic tells of a model, as Parley knows models. No I/O."""

from datetime import datetime
from typing import Any, Final

from chat.known_models import EFFORTS, KnownModel

_UNKNOWN: Final = KnownModel("", "")
# Types of `thinking` with which a model doesn't think first, the one that says so most plainly before the other.
_UNTHINKING: Final = ("disabled", "between_tools")


def known_model(info: Any) -> KnownModel:
    """Return an entry of GET /v1/models. The SDK builds it without looking at it: what it leaves out is taken for able."""
    able = getattr(info, "capabilities", None)
    effort = getattr(able, "effort", None)
    retires: Any = getattr(info, "retires_at", None)
    return KnownModel(
        id=str(info.id),
        name=str(getattr(info, "display_name", "") or info.id),
        efforts=tuple(each for each in EFFORTS if _can(effort, each) and _can(able, "effort")),
        unthinking=next((each for each in _UNTHINKING if _tells(able, "thinking", "types", each)), ""),
        most_output=_tokens(getattr(info, "max_tokens", None), _UNKNOWN.most_output),
        most_input=_tokens(getattr(info, "max_input_tokens", None), _UNKNOWN.most_input),
        pictures=_can(able, "image_input"),
        pdfs=_can(able, "pdf_input"),
        web=_can(able, "server_tools") and _can(getattr(able, "server_tools", None), "web_search"),
        is_leaving=getattr(info, "lifecycle", "active") == "deprecated",
        retires=retires.date() if isinstance(retires, datetime) else None,
    )


def _can(able: Any, name: str) -> bool:
    """Whether a capability is there. `xhigh` may be null, which is no support; a missing object tells nothing."""
    if able is None:
        return True
    found = getattr(able, name, None)
    return found is not None and bool(getattr(found, "supported", False))


def _tells(able: Any, *names: str) -> bool:
    """Whether a capability is said to be there. What isn't told of isn't there: a call would be refused for it."""
    for name in names:
        able = getattr(able, name, None)
    return bool(getattr(able, "supported", False))


def _tokens(count: Any, usual: int) -> int:
    return count if isinstance(count, int) and count > 0 else usual
