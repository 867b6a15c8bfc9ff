"""Which model replies in a room: the room's own, the installation's, or, without a key, the built-in demo."""

import re
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


def model_of(room: Room) -> str:
    return DEMO_MODEL if is_demo() else room.claude_model or settings.CLAUDE_MODEL


def effort_of(room: Room, model: str) -> str:
    """Return the effort that is asked for in a room; nothing where the model knows no such word."""
    effort = room.claude_effort
    return effort if not is_demo_model(model) and effort in known_models.of(model).efforts else ""


def may_be_offered(model: str) -> bool:
    """Whether Anthropic lists a model. Without its list, whatever could be a model's name may be one."""
    if is_demo_model(model):
        return False
    is_listed = known_models.is_listed(model)
    return bool(_NAME.fullmatch(model)) if is_listed is None else is_listed
