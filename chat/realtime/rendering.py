"""Text to HTML on a server: at once where there is nothing to format, else in a process with a deadline.

A text that takes too long, or that the process dies of, is shown as it was written.
"""

from collections import OrderedDict
from collections.abc import Hashable
from hashlib import blake2b
from typing import Final

import structlog

from chat import markdown
from chat.bounded import pool
from chat.lifetime import part
from chat.protocol.errors import ErrorCode, ProtocolError, unavailable

log = structlog.get_logger(__name__)

# Seconds of processor time. An ordinary text takes 10 microseconds for each character, on a machine of 2024.
_SECONDS: Final = 0.25
_SECONDS_PER_CHAR: Final = 15e-6
# Then the kernel ends the process: the text holds it in code that no signal interrupts.
_SECONDS_TO_INTERRUPT: Final = 0.25
# Then it is frozen, or the machine is.
_SECONDS_OF_A_BUSY_MACHINE: Final = 2.0
_FULL_RETRY_MS: Final = 1_000
_REMEMBERED: Final = 1_000


class GivenUp(OrderedDict[bytes, None]):
    """Digests of texts that were given up, so that none holds a process twice."""


def of_user(user_id: int) -> Hashable:
    """Return whose turn it is when this person's text is rendered."""
    return "user", user_id


def of_room(room_id: int) -> Hashable:
    """Return whose turn it is when a reply of Claude in this room is rendered."""
    return "room", room_id


async def html_of(text: str, owner: Hashable) -> str:
    """Return the HTML of a text, with what may be a mention marked.

    Raises RATE_LIMITED or UNAVAILABLE when too many texts wait already.
    """
    if not text or markdown.is_plain(text):
        return markdown.render(text) if text else ""
    try:
        return await _rendered(text, owner, is_bounded=True)
    except pool.Full as full:
        log.warning("text.refused", owner=owner, is_own=full.is_own)
        if full.is_own:
            raise ProtocolError(
                ErrorCode.RATE_LIMITED, "You are posting formatted text too fast.", retry_after=_FULL_RETRY_MS
            ) from full
        raise unavailable() from full


async def html_of_reply(text: str, room_id: int) -> str:
    """Return the HTML of a reply. It can't be refused; how many replies end at the same time is bounded elsewhere."""
    if not text or markdown.is_plain(text):
        return markdown.render(text) if text else ""
    return markdown.without_mentions(await _rendered(text, of_room(room_id), is_bounded=False))


async def _rendered(text: str, owner: Hashable, *, is_bounded: bool) -> str:
    data = text.encode()
    given_up = part(GivenUp)
    if given_up and _digest(data) in given_up:
        return markdown.as_written(text)
    try:
        response = await pool.run(pool.TEXT, owner, _request(data, len(text)), is_bounded=is_bounded)
    except pool.NotDone as failure:
        log.warning("text.not_formatted", reason=str(failure), owner=owner, chars=len(text))
        if not failure.by_chance:  # or one short moment would leave everyone's "**Thanks!**" as it is written
            _give_up(data)
        return markdown.as_written(text)
    html = response.data.decode()
    if markdown.is_as_written(html):
        log.info("text.not_formatted", reason="large", owner=owner, chars=len(text))
    return html


def _request(data: bytes, chars: int) -> pool.Request:
    soft = _SECONDS + chars * _SECONDS_PER_CHAR
    hard = soft + _SECONDS_TO_INTERRUPT
    return pool.Request(data, soft=soft, hard=hard, wall=hard + _SECONDS_OF_A_BUSY_MACHINE)


def _give_up(data: bytes) -> None:
    given_up = part(GivenUp)
    given_up[_digest(data)] = None
    if len(given_up) > _REMEMBERED:
        given_up.popitem(last=False)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
