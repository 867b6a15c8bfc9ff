"""The worker consumer on the channel `claude`: what the processes tell those who run replies.

Its handlers only start, stop and confirm; the streaming runs in tasks. The layer's channels are point-to-point in one
layer and missing in the other (pub/sub has none), so the hub's group `claude` brings the messages, on every layer.
"""

import asyncio
from typing import Any, Final

import structlog
from channels.consumer import AsyncConsumer
from channels.routing import ChannelNameRouter

from chat.claude.run.runner import Runner
from chat.realtime.hub import Hub
from chat.realtime.layer import bus

log = structlog.get_logger(__name__)

CHANNEL: Final = "claude"
_TYPES: Final[dict[type[bus.Message], str]] = {
    bus.Wake: "claude.wake",
    bus.StopReply: "claude.stop",
    bus.KeyframeWanted: "claude.keyframe",
    bus.DedicatedBeat: "claude.beat",
}


class ClaudeConsumer(AsyncConsumer):
    channel_layer_alias = None

    async def claude_wake(self, _message: dict[str, Any]) -> None:
        self._runner.wake()

    async def claude_stop(self, message: dict[str, Any]) -> None:
        self._runner.stop_reply(message["message"].reply)

    async def claude_beat(self, _message: dict[str, Any]) -> None:
        self._runner.dedicated_lives()

    async def claude_keyframe(self, message: dict[str, Any]) -> None:
        """Respond if the reply runs here."""
        question: bus.KeyframeWanted = message["message"]
        keyframe = self._runner.keyframe(question.message)
        if keyframe is not None:
            hub: Hub = self.scope["hub"]
            hub.respond(question, keyframe)

    @property
    def _runner(self) -> Runner:
        runner: Runner = self.scope["runner"]
        return runner


application = ChannelNameRouter({CHANNEL: ClaudeConsumer.as_asgi()})


async def listen(hub: Hub, runner: Runner) -> None:
    """Hand the hub's signals to the consumer, forever: without it, stops and wake-ups would wait for the polls."""
    inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def take(message: bus.Message, _origin: str) -> None:
        inbox.put_nowait({"type": _TYPES[type(message)], "message": message})

    for type_ in _TYPES:
        hub.handle(type_, take)
    scope = {"type": "channel", "channel": CHANNEL, "hub": hub, "runner": runner}

    async def send(_message: dict[str, Any]) -> None:
        """No one listens to what a worker says."""

    while True:
        try:
            await application(scope, inbox.get, send)
        except Exception:
            log.exception("claude.consumer_failed")
