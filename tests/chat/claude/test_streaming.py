"""What one running reply asks of the database: nothing for a delta, however many there are."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import User
from chat.access import Actor
from chat.actions import rooms
from chat.actions.posting import Post
from chat.claude import streaming
from chat.models import Reply
from chat.protocol import requests
from chat.realtime.database import in_database
from chat.realtime.events import Event
from chat.socket.runtime import Runtime
from tests.chat.realtime.doubles import until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_delta_costs_no_query(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DEMO_WORDS_PER_SECOND, settings.REPLY_DELTA_SECONDS = 0, 0
    settings.REPLY_CHECKPOINT_SECONDS = 60
    asked: list[str] = []

    async def counted(function: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(function.__name__)
        return await in_database(function, *arguments, **options)

    monkeypatch.setattr(streaming, "in_database", counted)
    alice = Actor.of(await sync_to_async(User.objects.create)(username="alice"))
    await in_database(rooms.create_room, alice, requests.CreateRoom(kind="session", name="Desk", room="desk"))
    runtime = Runtime()
    await runtime.start()
    published: list[Event] = []
    publish = runtime.hub.publish

    def heard(event: Event) -> None:
        published.append(event)
        publish(event)

    monkeypatch.setattr(runtime.hub, "publish", heard)
    await runtime.writer.post(Post(alice, "desk", "Tell me", "<p>Tell me</p>", None, None))

    def ended() -> bool:
        return any('"type":"stream_end"' in event.text for event in published)

    await until(ended)
    reply = await sync_to_async(Reply.objects.get)()
    deltas = [event for event in published if '"type":"stream_delta"' in event.text]
    assert len(deltas) == reply.n > 20
    assert asked == ["build", "note_context", "finish"]
    await runtime.stop()
