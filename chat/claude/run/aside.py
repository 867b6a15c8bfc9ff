"""A call of our own beside the replies, for notes or a title: billed to the person whose reply it follows."""

from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Final

import structlog
from django.db import transaction

from chat.billing import pricing, spending
from chat.claude.backends.backend import Backend, Call, CallFailed, End, Text, total
from chat.claude.reading import tokens
from chat.claude.run.attempts import Attempts
from chat.models import Charge, ChargePurpose
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

_GOOD_ENDS: Final = ("end_turn", "max_tokens", "stop_sequence")


@contextmanager
def faults_logged(what: str, room_id: int) -> Iterator[None]:
    """Log what goes wrong, and end there: the reply that it follows has ended well, and must not look as if it hadn't."""
    try:
        yield
    except CallFailed as error:
        log.warning("aside.call_failed", what=what, room=room_id, code=error.code)
    except ProtocolError as error:
        level = log.info if error.code == ErrorCode.QUOTA_EXCEEDED else log.warning
        level("aside.refused", what=what, room=room_id, code=str(error.code))
    except Exception:
        log.exception("aside.failed", what=what, room=room_id)


async def said_aside(backend: Backend, call: Call, payer: int | None, room_id: int, purpose: ChargePurpose) -> str:
    """Return what the model wrote, or nothing when it would not; settle what that cost, however it ended.

    Raises CallFailed, and QUOTA_EXCEEDED where a limit doesn't allow it.
    """
    charge = await in_database(_reserve, payer, room_id, call.model, purpose)
    words, end = [], ""
    attempts = Attempts(backend, call, tokens.estimate_json([call.system, call.messages]), lambda: _has_money(charge))
    try:
        async with aclosing(attempts.stream()) as pieces:
            async for piece in pieces:
                if isinstance(piece, Text):
                    words.append(piece.text)
                elif isinstance(piece, End):
                    end = piece.stop_reason
    finally:
        await in_database(spending.settle_charge, charge.pk, total(attempts.calls), attempts.calls)
    return "".join(words) if end in _GOOD_ENDS else ""


@transaction.atomic
def _reserve(payer: int | None, room_id: int, model: str, purpose: ChargePurpose) -> Charge:
    return spending.reserve(payer, room_id, model, purpose=purpose)


async def _has_money(charge: Charge) -> bool:
    """Set aside what one more attempt may cost, if a limit allows it."""
    try:
        await in_database(spending.extend, charge.pk, pricing.reservation_for(charge.model))
    except ProtocolError as error:
        if error.code == ErrorCode.QUOTA_EXCEEDED:
            return False
        raise
    return True
