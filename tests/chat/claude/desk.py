"""A session in which a real runner replies by the fake of Anthropic's API, in this process and on the test's database."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from typing import Any

from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.claude.run.looking import measured
from chat.files import attachments, document_work, uploads
from chat.messages import replies
from chat.messages.posting import Post
from chat.model_choice import AS_THE_ROOM, Chosen
from chat.models import Attachment, Charge, Reply, Room
from chat.protocol import requests
from chat.protocol.room_settings import ClaudeChoice
from chat.realtime.database import in_database
from chat.realtime.events import Event
from chat.rooms import rooms
from chat.server.runtime import Runtime


class Desk:
    """alice's session. ask, retry and go_on return the reply as it ended."""

    def __init__(self, runtime: Runtime, alice: Actor) -> None:
        self.runtime = runtime
        self.alice = alice
        self.deltas: list[dict[str, Any]] = []
        publish = runtime.hub.publish

        def heard(event: Event) -> None:
            frame = json.loads(event.text)
            if frame["type"] == "stream_delta":
                self.deltas.append(frame["data"])
            publish(event)

        runtime.hub.publish = heard  # type: ignore[method-assign]

    async def post(self, prompt: str, *files: Attachment, choice: Chosen = AS_THE_ROOM) -> None:
        facts: dict[str, Any] = {"attachments": tuple(file.public_id for file in files), "chosen": choice}
        await self.runtime.writer.post(Post.of(self.alice, "desk", prompt, f"<p>{prompt}</p>", **facts))

    async def ask(self, prompt: str, *files: Attachment, choice: Chosen = AS_THE_ROOM) -> Reply:
        await self.post(prompt, *files, choice=choice)
        return await self.end()

    async def upload(self, content: bytes, name: str = "file") -> Attachment:
        found = await document_work.looked_at(uploads.inspect(BytesIO(content), name), self.alice.id)
        found = await measured(found, self.alice.id)

        def keep() -> Attachment:
            return Attachment.objects.get(public_id=attachments.keep(self.alice, "desk", found).id)

        return await in_database(keep)

    async def retry(self, reply: Reply, choice: Chosen | None = None) -> Reply:
        chosen = UNSET if choice is None else ClaudeChoice(**choice)
        request = requests.RetryReply(message=str(reply.message_id), claude=chosen)
        await in_database(replies.retry_reply, self.alice, request)
        return await self.end()

    async def go_on(self, reply: Reply) -> Reply:
        request = requests.ContinueReply(message=str(reply.message_id))
        await in_database(replies.continue_reply, self.alice, request)
        return await self.end()

    async def end(self) -> Reply:
        """Wait until nothing runs or waits, and return the newest version of the newest reply."""
        while (reply := await in_database(_newest)).is_open:  # noqa: ASYNC110 - it ends in the database
            await asyncio.sleep(0.02)
        return reply

    async def charges(self) -> list[Charge]:
        return await in_database(lambda: list(Charge.objects.order_by("pk")))

    async def set_up(self, **facts: Any) -> None:
        await in_database(lambda: Room.objects.filter(slug="desk").update(**facts))


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    alice = Actor.of(await in_database(lambda: User.objects.create(username="alice")))
    await in_database(rooms.create_room, alice, requests.CreateRoom(kind="session", name="Desk", room="desk"))
    runtime = Runtime()
    await runtime.start()
    try:
        yield Desk(runtime, alice)
    finally:
        await runtime.stop()


def _newest() -> Reply:
    message = Reply.objects.select_related("message__shown").order_by("-pk")[:1].get().message
    assert message.shown is not None
    return message.shown
