"""What each process compares with the database now and then, because any hint may have been lost."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import structlog
from django.conf import settings

from accounts import access_log
from chat.files import attachments
from chat.people import announcements
from chat.protocol.errors import ProtocolError
from chat.realtime.database import in_database
from chat.rooms import archiving, succession
from chat.server.runtime import Runtime

log = structlog.get_logger(__name__)

# Two announcements may commit in the other order of their ids; those told already are dropped by their name.
_ANNOUNCEMENTS_READ_AGAIN: Final = 20
_FIRST_OPENINGS_SECONDS: Final = 0.5
_CLEANING_SECONDS: Final = 86_400.0
_DELETING_SECONDS: Final = 3600.0
_BETWEEN_PARTS_SECONDS: Final = 0.05
_OWNERS_SECONDS: Final = 3600.0


def begin(runtime: Runtime) -> None:
    runtime.hub.spawn(_check_heads(runtime), "head check")
    runtime.hub.spawn(_check_access(runtime), "access check")
    runtime.hub.spawn(_check_first_openings(runtime), "first openings")
    runtime.hub.spawn(_clean_uploads(), "clean uploads")
    runtime.hub.spawn(_delete_rooms(), "delete rooms")
    runtime.hub.spawn(_keep_owners(), "keep owners")


async def _check_heads(runtime: Runtime) -> None:
    """Find the durable events, the announcements and the ends of access that this process has missed."""
    first = newest = None
    while True:
        try:
            if first is None or newest is None:
                first = newest = await in_database(announcements.newest_id)
            floor = max(first, newest - _ANNOUNCEMENTS_READ_AGAIN)
            for announcement_id, event in await in_database(announcements.after, floor):
                runtime.hub.deliver(event)
                newest = max(newest, announcement_id)
            await runtime.guard.read_log()
        except ProtocolError:
            log.warning("checks.database_unreachable")
        # The mark first: were the rooms compared first, those of renewed epochs would be closed twice, now and by the mark.
        await _look_for_restore(runtime, {})
        if went_back := await runtime.hub.repairs.check_heads():
            await _look_for_restore(runtime, went_back)
        await asyncio.sleep(settings.HEAD_CHECK_SECONDS)


async def _look_for_restore(runtime: Runtime, went_back: dict[str, int]) -> None:
    try:
        await runtime.restore_watch.look(went_back)
    except ProtocolError:
        log.warning("checks.database_unreachable")


async def _check_access(runtime: Runtime) -> None:
    """Find credentials and memberships that ended without a word and without a line in the log: by the clock, by hand."""
    while True:
        await asyncio.sleep(settings.ACCESS_CHECK_SECONDS)
        await runtime.guard.check(list(runtime.registry))
        runtime.messages_per_user.forget_idle()
        runtime.typing_per_user.forget_idle()
        runtime.forget_old_changes()


async def _check_first_openings(runtime: Runtime) -> None:
    """Look behind the tickets that are older than this process: it has not heard whose access ended before it began."""
    seen_until = time.time()
    while time.monotonic() - runtime.started_at < 2 * settings.SOCKET_TICKET_SECONDS:
        await asyncio.sleep(_FIRST_OPENINGS_SECONDS)
        now = time.time()
        runtime.guard.suspect([each for each in runtime.registry if seen_until <= each.opened_at < now], ())
        seen_until = now


async def _clean_uploads() -> None:
    """Remove the files that were never posted, at the start and then daily, a few at a time; and old lines of the log."""
    while True:
        try:
            await in_database(access_log.forget_old)
            while removed := await in_database(attachments.clean):
                log.info("uploads.cleaned", removed=removed)
        except ProtocolError:
            log.warning("checks.database_unreachable")
        await asyncio.sleep(_CLEANING_SECONDS)


async def _delete_rooms() -> None:
    """Delete the rooms whose time has come, a few messages at a time: those who write go first."""
    await _in_parts(archiving.delete_some, _DELETING_SECONDS)


async def _keep_owners() -> None:
    """Give an owner to the rooms that lost theirs without a word, as with rows that were changed by hand."""
    await _in_parts(succession.keep_owners, _OWNERS_SECONDS)


async def _in_parts(do_some: Callable[[], bool], every_seconds: float) -> None:
    """Do some now and then, part after part while more is left."""
    while True:
        try:
            is_more = await in_database(do_some)
        except ProtocolError:
            log.warning("checks.database_unreachable")
            is_more = False
        await asyncio.sleep(_BETWEEN_PARTS_SECONDS if is_more else every_seconds)
