"""Which models the settings of a room offer: those that are known here, and what Anthropic lists, if it responds soon."""

import asyncio
import random
import time
from datetime import UTC, date, datetime
from typing import Final

import structlog
from asgiref.sync import async_to_sync
from django.conf import settings
from msgspec import UNSET

from chat import known_models
from chat.billing import pricing
from chat.claude.backends import chosen
from chat.known_models import KnownModel, Listed
from chat.lifetime import part
from chat.model_choice import is_demo
from chat.models import Room
from chat.protocol import wire
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS: Final = 1.5
# No one waits for it, and at the start the SDK is still to be loaded.
_PATIENCE_ALONE_SECONDS: Final = 30.0
_GOOD_FOR_SECONDS: Final = 600
_FAILED_FOR_SECONDS: Final = 60
_RENEWED_SECONDS: Final = 3600.0


def offered_models(current: str = "") -> list[tuple[str, str]]:
    """Return (value, label) of each model that a room may choose; "" is the installation's. `current` is among them."""
    async_to_sync(learn_models)()
    own = [(name, label_of(name)) for name in _names(current)]
    return [("", f"This server's choice ({label_of(settings.CLAUDE_MODEL)})"), *own]


async def list_models() -> wire.ModelList:
    """Return the models that a prompt may choose, with what each can do."""
    if is_demo():
        return wire.ModelList([])
    await learn_models()
    return wire.ModelList([_present(model) for model in _names() if known_models.is_listed(model) is not False])


def label_of(model: str) -> str:
    """Return a model's name, and whether it will not be there for long."""
    known, warning = known_models.of(model), _shown_warning(model)
    return f"{known.name}, {warning}" if warning else known.name


def _names(current: str = "") -> list[str]:
    names = dict.fromkeys([settings.CLAUDE_MODEL, *pricing.models(), *_listed_names(), current])
    return [name for name in names if name]


def _present(model: str) -> wire.OfferedModel:
    known = known_models.of(model)
    warning = _shown_warning(model) or UNSET
    return wire.OfferedModel(model, known.name, list(known.efforts), bool(known.unthinking), warning)


def _shown_warning(model: str) -> str:
    return "not available" if known_models.is_listed(model) is False else known_models.of(model).warning(_today())


async def learn_models(patience: float = _PATIENCE_SECONDS) -> None:
    """Ask Anthropic what it lists, now and then. Settings must open and be saved without a response, too."""
    listed = part(Listed)
    if is_demo() or time.monotonic() < listed.ask_again_at:
        return
    listed.ask_again_at = time.monotonic() + _FAILED_FOR_SECONDS
    try:
        found = await asyncio.wait_for(chosen.list_models(), patience)
    except Exception as error:  # noqa: BLE001 - no key, no network, too slow: what is known has to do
        log.info("models.not_listed", error=type(error).__name__)
        known_models.remember_listed(None)
    else:
        listed.ask_again_at = time.monotonic() + _GOOD_FOR_SECONDS
        known_models.remember_listed(found)


async def keep_models_known() -> None:
    """Ask at the start and every hour, forever, and tell the log of models in use that will not be there for long."""
    while not is_demo():
        try:
            await learn_models(_PATIENCE_ALONE_SECONDS)
            for model, warning in await in_database(leaving_models):
                log.warning("models.leaving", model=model, warning=warning)
        except ProtocolError as error:  # without the database, the next hour will do
            log.warning("models.not_kept_known", code=str(error.code))
        except Exception:
            log.exception("models.not_kept_known")
        await asyncio.sleep(_RENEWED_SECONDS * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load


def leaving_models() -> list[tuple[str, str]]:
    """Return the models that this server or rooms have chosen and that are gone or leave soon, with what is the case."""
    if is_demo():
        return []
    chosen = Room.objects.exclude(claude_model="").order_by().values_list("claude_model", flat=True).distinct()
    found = ((model, _warning(known_models.of(model))) for model in dict.fromkeys([settings.CLAUDE_MODEL, *chosen]))
    return [(model, warning) for model, warning in found if warning]


def _warning(model: KnownModel) -> str:
    if known_models.is_listed(model.id) is False:
        return "Anthropic doesn't list it for this key"
    return model.warning(_today())


def _listed_names() -> list[str]:
    return [model.id for model in known_models.listed()]


def _today() -> date:
    return datetime.now(UTC).date()
