"""A running reply: a delta asks nothing of the database, and who comes late misses no word."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from accounts.models import User
from chat.access import Actor
from chat.claude.run import lease, streaming
from chat.claude.run.lease import Checkpoint, Outcome
from chat.messages import replies
from chat.messages.posting import Post
from chat.models import Reply, ReplyState, Usage
from chat.protocol import requests
from chat.realtime.database import in_database
from chat.realtime.events import Event
from chat.rooms import rooms
from chat.server.runtime import Runtime
from tests.chat.claude.talk import asks
from tests.chat.fixtures import room_of
from tests.chat.realtime.doubles import until

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_delta_costs_no_query(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.DEMO_WORDS_PER_SECOND, settings.REPLY_DELTA_SECONDS = 0, 0
    settings.REPLY_CHECKPOINT_SECONDS = 60
    asked: list[str] = []

    async def counted(function: Any, *arguments: Any, **options: Any) -> Any:
        asked.append(function.__name__)
        return await in_database(function, *arguments, **options)

    for way in ("in_database", "in_database_at_last"):
        monkeypatch.setattr(streaming, way, counted)
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
    await runtime.writer.post(Post.of(alice, "desk", "Tell me", "<p>Tell me</p>"))

    def ended() -> bool:
        return any('"type":"stream_end"' in event.text for event in published)

    await until(ended)
    reply = await sync_to_async(Reply.objects.get)()
    deltas = [event for event in published if '"type":"stream_delta"' in event.text]
    assert len(deltas) == reply.n > 20
    assert asked == ["build", "note_context", "finish"]
    await runtime.stop()


async def test_who_reads_a_reply_that_ends_in_that_moment_gets_its_last_words() -> None:
    """Between reading that it runs and asking who runs it: then no one does, and the last deltas have been sent."""
    runtime = Runtime()
    await runtime.start()
    reply = await in_database(_running_reply)
    read = replies.checkpoint_of(reply)
    await in_database(lease.finish, said(reply, "All of it.", 9), Outcome(ReplyState.COMPLETE, "end_turn"), "")
    shown = await runtime.runner.freshest(read)
    assert (shown.text, shown.n, shown.state) == ("All of it.", 9, "running")
    await runtime.stop()


def _running_reply() -> Reply:
    alice = User.objects.create(username="alice")
    asks(alice, room_of(alice, "desk", "session"), "Tell me")
    reply = lease.claim_next("somebody")
    assert reply is not None
    lease.checkpoint([said(reply, "All", 4)])
    reply.refresh_from_db()
    return reply


def said(reply: Reply, text: str, n: int) -> Checkpoint:
    return Checkpoint(reply.pk, reply.epoch, text, "", n, [], Usage())
