"""Which model answers in a room: the room's own, the installation's, or, without a key, the built-in demo."""

from collections.abc import Iterable
from typing import Final

from django.conf import settings

from chat.models import Room

DEMO_MODEL: Final = "demo"

# What Anthropic lists, as this process last heard it: `chat.model_offer` asks.
_listed: frozenset[str] = frozenset()


def is_demo() -> bool:
    """Whether the built-in demo model answers here. `CLAUDE_BACKEND=auto` means: when there is no key."""
    if settings.CLAUDE_BACKEND == "auto":
        return not settings.ANTHROPIC_API_KEY
    return bool(settings.CLAUDE_BACKEND == "demo")


def is_demo_model(model: str) -> bool:
    return model == DEMO_MODEL


def model_of(room: Room) -> str:
    return DEMO_MODEL if is_demo() else room.claude_model or settings.CLAUDE_MODEL


def remember_listed(models: Iterable[str]) -> None:
    global _listed
    _listed = frozenset(models)


def is_listed(model: str) -> bool:
    """Whether Anthropic has listed a model when this process last asked."""
    return model in _listed
