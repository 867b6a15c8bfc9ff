"""The worker consumer on the channel `claude`: what the processes tell those who run replies.

Its handlers only start, stop and answer; the streaming runs in tasks. The layer's channels are point-to-point in one
layer and missing in the other (pub/sub has none), so the hub's group `claude` brings the messages, on every layer.
"""

import asyncio
from typing import Any, Final

import msgspec
import structlog
from channels.consumer import AsyncConsumer
from channels.routing import ChannelNameRouter

from chat.claude.run.runner import Runner
from chat.realtime.hub import Hub

log = structlog.get_logger(__name__)

CHANNEL: Final = "claude"
_MESSAGES: Final = ("claude.wake", "claude.stop", "claude.keyframe", "claude.beat")


class ClaudeConsumer(AsyncConsumer):
    channel_layer_alias = None

    async def claude_wake(self, _message: dict[str, Any]) -> None:
        self._runner.wake()

    async def claude_stop(self, message: dict[str, Any]) -> None:
        self._runner.stop_reply(message["reply"])

    async def claude_beat(self, _message: dict[str, Any]) -> None:
        self._runner.dedicated_lives()

    async def claude_keyframe(self, message: dict[str, Any]) -> None:
        """Answer if the reply runs here; whoever does not run it keeps silent."""
        keyframe = self._runner.keyframe(message["message"])
        if keyframe is not None:
            hub: Hub = self.scope["hub"]
            hub.answer(message, msgspec.to_builtins(keyframe))

    @property
    def _runner(self) -> Runner:
        runner: Runner = self.scope["runner"]
        return runner


application = ChannelNameRouter({CHANNEL: ClaudeConsumer.as_asgi()})


async def listen(hub: Hub, runner: Runner) -> None:
    """Hand the hub's signals to the consumer, for ever: without it, stops and wake-ups would wait for the polls."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    for type_ in _MESSAGES:
        hub.handle(type_, inbox.put_nowait)
    scope = {"type": "channel", "channel": CHANNEL, "hub": hub, "runner": runner}

    async def send(_message: dict[str, Any]) -> None:
        """Nobody listens to what a worker says."""

    while True:
        try:
            await application(scope, inbox.get, send)
        except Exception:
            log.exception("claude.consumer_failed")
