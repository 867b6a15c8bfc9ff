"""Which models the settings of a room offer: those that are known here, and what Anthropic lists, if it responds soon."""

import asyncio
import time
from typing import Final

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings

from chat.billing import pricing
from chat.claude.backends.chosen import list_models
from chat.model_choice import is_demo, remember_listed

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS: Final = 1.5
_GOOD_FOR_SECONDS: Final = 600
_FAILED_FOR_SECONDS: Final = 60

_listed: list[str] = []
_ask_again_at = 0.0


def offered_models(current: str = "") -> list[tuple[str, str]]:
    """Return (value, label) of each model that a room may choose; "" is the installation's. `current` is among them."""
    async_to_sync(learn_models)()
    names = dict.fromkeys([settings.CLAUDE_MODEL, *pricing.models(), *_listed, current])
    own = [(name, name) for name in names if name]
    return [("", f"This server's choice ({settings.CLAUDE_MODEL})"), *own]


async def learn_models() -> None:
    """Ask Anthropic what it lists, now and then. Settings must open and be saved without a response, too."""
    global _listed, _ask_again_at
    if is_demo() or time.monotonic() < _ask_again_at:
        return
    _ask_again_at = time.monotonic() + _FAILED_FOR_SECONDS
    try:
        _listed = await asyncio.wait_for(list_models(), _PATIENCE_SECONDS)
    except Exception as error:  # noqa: BLE001 - no key, no network, too slow: what is known has to do
        log.info("models.not_listed", error=type(error).__name__)
        remember_listed(None)
    else:
        _ask_again_at = time.monotonic() + _GOOD_FOR_SECONDS
        remember_listed(_listed)
