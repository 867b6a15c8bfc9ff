"""What one running reply has said, and how its words reach the tabs: collected for a moment, numbered, cut into frames."""

import asyncio
import re
import time
from typing import Any, Final

import msgspec
from django.conf import settings
from msgspec import UNSET

from accounts.visible import has_ink
from chat.claude.reading.paragraphs import Paragraphs
from chat.claude.run.pace import Pace
from chat.claude.run.seam import Seam
from chat.models import Reply, ReplyState
from chat.protocol import wire
from chat.realtime.events import Requester, ephemeral, room_group
from chat.realtime.hub import Hub

# A piece larger than this is sent as several deltas: no client need take frames without bound.
_DELTA_CHARS: Final = 16_000
# PostgreSQL refuses NUL, and a lone surrogate cannot be encoded.
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class Words:
    """One kind of words, the text or the thoughts: what was sent, and what waits for its moment."""

    def __init__(self, text: str) -> None:
        self._sent = [text] if text else []
        self._pending: list[str] = []
        self._paragraphs = Paragraphs()
        self._seam = Seam(text)

    @property
    def has_pending(self) -> bool:
        return bool(self._pending)

    @property
    def is_empty(self) -> bool:
        return not (any(self._sent) or self._pending)

    @property
    def sent(self) -> str:
        self._sent = ["".join(self._sent)]
        return self._sent[0]

    def tool_used(self) -> None:
        self._paragraphs.tool_used()

    def add(self, text: str) -> None:
        self._add(self._seam.joined(text))

    def end(self) -> None:
        """Take what was held back: it was all."""
        self._add(self._seam.rest())

    def _add(self, text: str) -> None:
        if text and self._paragraphs.is_apart:
            text = self._paragraphs.joined(self.sent + "".join(self._pending), text)
        if text:
            self._pending.append(text)

    def take(self) -> str:
        """Return what waited, which counts as sent from now on."""
        text = _UNSTORABLE.sub("", "".join(self._pending))
        self._pending = []
        if text:
            self._sent.append(text)
        return text


class Deltas:
    """Everything in it runs on the hub's event loop."""

    def __init__(self, hub: Hub, pace: Pace, reply: Reply) -> None:
        self._hub = hub
        self._pace = pace
        self._reply = reply
        self._slug = reply.room.slug
        self._requester = Requester(reply.requester, reply.request_id)
        self._text = Words(reply.text)
        self._thinking = Words(reply.thinking)
        self.tools: list[dict[str, Any]] = list(reply.tools)
        self._lookups: dict[str, int] = {}  # where in it those stand that have begun
        self.n = reply.n
        self._flushed_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._lease_renewed_at = time.monotonic()

    # --- What was said ----------------------------------------------------------------------------------------

    @property
    def has_text(self) -> bool:
        return not self._text.is_empty

    @property
    def is_blank(self) -> bool:
        self.flush()
        return not has_ink(self.text)

    @property
    def text(self) -> str:
        return self._text.sent

    @property
    def thinking(self) -> str:
        return self._thinking.sent

    def keyframe(self) -> wire.Keyframe:
        """Return everything that was sent as deltas so far."""
        self.flush()
        return wire.Keyframe(
            messageId=str(self._reply.message_id),
            version=self._reply.version,
            attempt=self._reply.attempt,
            n=self.n,
            text=self.text,
            thinking=self.thinking,
            state=ReplyState.RUNNING.value,
            tools=list(map(wire.ToolUse.of, self.tools)) or UNSET,
        )

    # --- Saying more ------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        self._add(self._text, text)

    def think(self, text: str) -> None:
        self._add(self._thinking, text)

    def call_ended(self) -> None:
        """Say what was held back: no more will tell whether it repeats what was said before."""
        self._text.end()
        self._thinking.end()
        self.flush()

    def tool_begun(self) -> None:
        """Keep what is said and thought from now on apart from what was said before."""
        for words in (self._text, self._thinking):
            words.end()
            words.tool_used()

    def tool_used(self, shown: dict[str, Any] | None, lookup: str = "") -> None:
        """Tell of a use of a tool, after all that was said before it.

        lookup: the id of one that is told of twice: when it begins, and when it has ended.
        """
        if shown is None:
            return
        self.flush()
        self.tool_begun()  # the model may have said more after it had asked for the tool
        place = self._lookups.pop(lookup, None)
        if place is None:
            self.tools.append(shown)
            if lookup:
                self._lookups[lookup] = len(self.tools) - 1
            self._send("", "", wire.ToolUse.of(shown))
        else:
            self.tools[place] = shown
            self._send("", "", msgspec.structs.replace(wire.ToolUse.of(shown), replaces=place))

    def lease_renewed(self) -> None:
        self._lease_renewed_at = time.monotonic()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _add(self, words: Words, text: str) -> None:
        words.add(text)
        if words.has_pending:
            self._flush_in_time()

    def _flush_in_time(self) -> None:
        """The first words go out at once; what follows is collected for a moment."""
        if self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        wait = self._flushed_at + self._pace.seconds - loop.time()
        if wait <= 0:
            self.flush()
        else:
            self._timer = loop.call_later(wait, self._timer_rang)

    def _timer_rang(self) -> None:
        self._timer = None
        self.flush()

    def flush(self) -> None:
        if not (self._text.has_pending or self._thinking.has_pending):
            return
        text, thinking = self._text.take(), self._thinking.take()
        self._flushed_at = asyncio.get_running_loop().time()
        for start in range(0, max(len(text), len(thinking)), _DELTA_CHARS):
            self._send(text[start : start + _DELTA_CHARS], thinking[start : start + _DELTA_CHARS])

    def _send(self, text: str, thinking: str, tool: wire.ToolUse | None = None) -> None:
        self.n += 1
        if time.monotonic() - self._lease_renewed_at > settings.REPLY_LEASE_SECONDS:
            return  # we were frozen, perhaps: others may have ended this reply, and their text is the right one
        delta = wire.StreamDelta(
            room=self._slug,
            messageId=str(self._reply.message_id),
            version=self._reply.version,
            attempt=self._reply.attempt,
            n=self.n,
            text=text,
            thinking=thinking or UNSET,
            tool=UNSET if tool is None else tool,
        )
        event = ephemeral(room_group(self._slug), "stream_delta", delta, requester=self._requester, is_droppable=True)
        self._hub.publish(event)
