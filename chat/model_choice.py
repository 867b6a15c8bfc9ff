"""Which model replies in a room: the room's own, the installation's, or, without a key, the built-in demo."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from django.conf import settings

from chat import known_models
from chat.models import Room

DEMO_MODEL: Final = "demo"

_NAME: Final = re.compile(r"[a-z0-9]+(?:[-._:@][a-z0-9]+)*", re.ASCII)


def is_demo() -> bool:
    """Whether the built-in demo model replies here. `CLAUDE_BACKEND=auto` means: when there is no key."""
    if settings.CLAUDE_BACKEND == "auto":
        return not settings.ANTHROPIC_API_KEY
    return bool(settings.CLAUDE_BACKEND == "demo")


def is_demo_model(model: str) -> bool:
    return model == DEMO_MODEL


# What was chosen for one prompt, by the settings' names on the wire; empty or missing is as the room has it.
Chosen = Mapping[str, str]
AS_THE_ROOM: Final[Chosen] = MappingProxyType({})

# At these efforts, no model can do without thinking.
_THINKING_EFFORTS: Final = ("xhigh", "max")


def model_of(room: Room, chosen: Chosen = AS_THE_ROOM) -> str:
    """Return the model that replies. One that was chosen for a prompt and is gone meanwhile is as if it were not chosen."""
    if is_demo():
        return DEMO_MODEL
    own = chosen.get("model", "")
    if own and known_models.is_listed(own) is not False:
        return own
    return room.claude_model or str(settings.CLAUDE_MODEL)


def effort_of(room: Room, model: str, chosen: Chosen = AS_THE_ROOM) -> str:
    """Return the effort that is asked for; nothing where the model knows no such word."""
    effort = chosen.get("effort") or room.claude_effort
    return effort if not is_demo_model(model) and effort in known_models.of(model).efforts else ""


def is_without_thinking(room: Room, model: str, chosen: Chosen = AS_THE_ROOM) -> bool:
    """Whether the model replies without thinking first: it was asked to, and it can."""
    wanted = (chosen.get("thinking") or room.claude_thinking) == "off"
    can = not is_demo_model(model) and bool(known_models.of(model).unthinking)
    return wanted and can and effort_of(room, model, chosen) not in _THINKING_EFFORTS


def may_be_offered(model: str) -> bool:
    """Whether Anthropic lists a model. Without its list, whatever could be a model's name may be one."""
    if is_demo_model(model):
        return False
    is_listed = known_models.is_listed(model)
    return bool(_NAME.fullmatch(model)) if is_listed is None else is_listed
