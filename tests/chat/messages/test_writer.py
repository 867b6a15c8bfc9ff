"""The writer confirms only what is committed, in order, and outlives whatever goes wrong in a round."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from django.db import OperationalError

from accounts.models import User
from chat.access import Actor
from chat.messages import writer as module
from chat.messages.posting import Post, Result, Stored
from chat.messages.writer import Writer
from chat.models import Message
from chat.people.pusher import Pusher
from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError, failed
from chat.realtime.database import in_database
from chat.realtime.events import Event
from chat.realtime.hub import Hub
from tests.chat.fixtures import a_post, room_of
from tests.chat.realtime.conftest import logged, running
from tests.chat.realtime.doubles import turns, until
from tests.chat.search.test_index import held

__all__ = ["logged"]

# Storing is replaced in most tests, but the writer's thread may still look after its connection.
pytestmark = pytest.mark.django_db


class HearingHub:
    def __init__(self) -> None:
        self.published: list[Event] = []

    def publish(self, event: Event) -> None:
        self.published.append(event)


class HearingPusher:
    def __init__(self) -> None:
        self.considered: list[tuple[str, int | None]] = []

    def consider(self, message: wire.Message, direct_to: int | None) -> None:
        self.considered.append((message.content, direct_to))


class Store:
    """In place of the database: gives messages their numbers, or does as it is told."""

    def __init__(self) -> None:
        self.rounds: list[list[str]] = []
        self.error: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.count = 0

    def __call__(self, posts: Sequence[Post]) -> list[Result]:
        self.rounds.append([post.content for post in posts])
        assert self.may_go_on.wait(10)
        if self.error is not None:
            raise self.error
        return [self._result(post) for post in posts]

    def _result(self, post: Post) -> Result:
        if post.content == "refused":
            return failed("no")
        self.count += 1
        author, mentions = wire.UserRef("1", "alice"), ["2"] if "@bob" in post.content else []
        message = wire.Message(
            id=str(self.count),
            room="den",
            seq=self.count,
            change=self.count,
            kind="text",
            author=author,
            content=post.content,
            html="",
            createdAt=0,
            reactions=[],
            mentions=mentions,
        )
        return Stored(message, is_first=post.content != "resent")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store()
    monkeypatch.setattr(module, "store", store)
    return store


def post(content: str) -> Post:
    return Post.of(Actor(1, "alice"), "den", content, "")


def new_writer() -> tuple[Writer, HearingHub]:
    hub = HearingHub()
    return Writer(cast(Hub, hub), cast(Pusher, HearingPusher())), hub


async def test_what_waits_is_stored_together_and_in_order(store: Store) -> None:
    writer, hub = new_writer()
    store.may_go_on.clear()
    async with running(writer.run()):
        futures = [writer.post(post("0"))]
        await until(lambda: store.rounds)
        futures += [writer.post(post(str(n))) for n in range(1, 30)]
        store.may_go_on.set()
        stored = await asyncio.gather(*futures)
    assert store.rounds == [["0"], [str(n) for n in range(1, 30)]]
    assert [each.message.content for each in stored] == [str(n) for n in range(30)]
    assert [event.change for event in hub.published] == list(range(1, 31))


async def test_web_push_is_told_of_each_message_once_and_of_no_refused_one(store: Store) -> None:
    pusher = HearingPusher()
    writer = Writer(cast(Hub, HearingHub()), cast(Pusher, pusher))
    futures = [writer.post(post(content)) for content in ("one", "resent", "refused")]
    async with running(writer.run()):
        await asyncio.gather(*futures, return_exceptions=True)
    assert pusher.considered == [("one", None)]


async def test_a_round_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROUND_AT_MOST", 10)
    writer, _hub = new_writer()
    futures = [writer.post(post(str(n))) for n in range(25)]
    async with running(writer.run()):
        await asyncio.gather(*futures)
    assert [len(each) for each in store.rounds] == [10, 10, 5]


async def test_a_round_is_bounded_in_bytes_too_and_holds_one_post_however_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round of the longest posts was written to each tab of the room at once: all were closed for reading too slowly."""
    monkeypatch.setattr(module, "_ROUND_CHARS", 1000)
    writer, _hub = new_writer()
    futures = [writer.post(post("x" * chars)) for chars in (400, 400, 400, 400, 5000, 10, 10)]
    async with running(writer.run()):
        await asyncio.gather(*futures)
    assert [[len(content) for content in each] for each in store.rounds] == [[400] * 3, [400, 5000], [10, 10]]


async def test_waiting_posts_are_bounded_in_bytes_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAITING_CHARS", 1000)
    writer, _hub = new_writer()
    futures = [writer.post(post("x" * 600)) for _ in range(5)]
    async with running(writer.run()):
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert [getattr(result, "code", "") for result in results] == ["", "", *[ErrorCode.UNAVAILABLE] * 3]
        again = await asyncio.gather(*(writer.post(post("x" * 600)) for _ in range(2)))
    assert len(again) == 2, "what was stored waits no more"


async def test_too_many_waiting_are_refused_before_they_fill_the_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_WAITING_AT_MOST", 3)
    writer, _hub = new_writer()
    futures = [writer.post(post(str(n))) for n in range(5)]
    async with running(writer.run()):
        results = await asyncio.gather(*futures, return_exceptions=True)
    assert [isinstance(result, Stored) for result in results] == [True] * 3 + [False] * 2
    assert all(isinstance(each, ProtocolError) and each.code is ErrorCode.UNAVAILABLE for each in results[3:])


async def test_no_response_before_the_round_has_ended(store: Store) -> None:
    writer, hub = new_writer()
    store.may_go_on.clear()
    async with running(writer.run()):
        future = writer.post(post("a"))
        await until(lambda: store.rounds)
        await turns(50)
        assert not future.done() and hub.published == []
        store.may_go_on.set()
        await future


async def test_a_refusal_is_its_own_and_nothing_is_published_for_it(store: Store) -> None:
    writer, hub = new_writer()
    futures = [writer.post(post(content)) for content in ("a", "refused", "resent", "b")]
    async with running(writer.run()):
        results = await asyncio.gather(*futures, return_exceptions=True)
    assert [getattr(result, "code", "") for result in results] == ["", ErrorCode.REQUEST_FAILED, "", ""]
    assert len(hub.published) == 2, "a resend gets its response, and is not published again"


async def test_who_is_mentioned_is_told_in_their_own_group(store: Store) -> None:
    writer, hub = new_writer()
    async with running(writer.run()):
        await writer.post(post("hello @bob"))
        await until(lambda: len(hub.published) == 2)
    assert [event.group for event in hub.published] == ["room:den", "user:2"]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OperationalError("gone"), ErrorCode.UNAVAILABLE),
        (LookupError("our fault"), ErrorCode.INTERNAL_ERROR),
        (ProtocolError(ErrorCode.UNAVAILABLE, "too many tries"), ErrorCode.UNAVAILABLE),
    ],
)
async def test_a_failed_round_fails_for_all_in_it_and_the_writer_lives_on(
    store: Store, error: Exception, code: ErrorCode, logged: Callable[[str], int]
) -> None:
    writer, hub = new_writer()
    store.error = error
    futures = [writer.post(post(str(n))) for n in range(3)]
    async with running(writer.run()):
        results: list[Any] = await asyncio.gather(*futures, return_exceptions=True)
        assert [result.code for result in results] == [code] * 3 and hub.published == []
        assert "gone" not in str(results[0]) and "our fault" not in str(results[0]), "no detail for the client"
        assert logged("writer.round_failed") == (code is ErrorCode.INTERNAL_ERROR)
        store.error = None
        assert isinstance(await writer.post(post("again")), Stored)


async def test_who_has_gone_meanwhile_disturbs_nobody(store: Store) -> None:
    writer, hub = new_writer()
    store.may_go_on.clear()
    async with running(writer.run()):
        gone, stays = writer.post(post("a")), writer.post(post("b"))
        await until(lambda: store.rounds)
        gone.cancel()
        store.may_go_on.set()
        await stays
        await until(lambda: len(hub.published) == 2)


@pytest.mark.django_db(transaction=True)
async def test_a_confirmed_message_is_committed_for_every_connection_to_see() -> None:
    alice = await in_database(User.objects.create, username="alice")
    await in_database(room_of, alice, "den")
    writer, hub = new_writer()
    async with running(writer.run()):
        for number in range(5):
            futures = [writer.post(a_post(alice, "den", f"{number}.{n}")) for n in range(10)]
            for future in asyncio.as_completed(futures):
                id_ = int((await future).message.id)
                assert await in_database(Message.objects.filter(pk=id_).exists)
        await until(lambda: len(hub.published) == 50)
    assert [event.change for event in hub.published] == list(range(1, 51))


@pytest.mark.django_db(transaction=True)
async def test_a_failed_commit_is_unavailable_and_stores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await in_database(User.objects.create, username="alice")
    await in_database(room_of, alice, "den")
    writer, hub = new_writer()

    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("database or disk is full")

    async with running(writer.run()):
        with monkeypatch.context() as patch:
            patch.setattr("chat.messages.reply_rows.NewReplies.insert", full)  # after the messages were inserted
            with pytest.raises(ProtocolError) as caught:
                await writer.post(a_post(alice, "den", "once, @alice", client_id="c"))
        assert caught.value.code is ErrorCode.UNAVAILABLE and hub.published == []
        assert await in_database(Message.objects.count) == 0
        again = await writer.post(a_post(alice, "den", "once, @alice", client_id="c"))
    assert again.is_first and again.message.seq == 1


class Index:
    """In place of the full-text index: `left` times there is more to take up, or it does as it is told."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.left = 0
        self.error: Exception | None = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.after: list[int] = []  # how many messages had been stored, at each call

    def __call__(self) -> bool:
        self.after.append(self._store.count)
        assert self.may_go_on.wait(10)
        if self.error is not None:
            raise self.error
        self.left -= 1
        return self.left > 0


@pytest.fixture
def index(store: Store, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index(store)
    monkeypatch.setattr(module, "catch_up_some", index)
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0.01)
    return index


async def test_the_index_catches_up_after_what_was_stored_and_only_then(store: Store, index: Index) -> None:
    writer, _hub = new_writer()
    async with running(writer.run()):
        with pytest.raises(ProtocolError):
            await writer.post(post("refused"))
        await writer.post(post("resent"))  # was stored before
        await asyncio.sleep(0.05)
        # It may have begun before the first post came.
        assert index.after in ([0], [1]), "once for what an earlier process left, and not for these"
        await writer.post(post("a"))
        await until(lambda: len(index.after) > 1)
        await asyncio.sleep(0.05)
        assert index.after[1:] == [2], "once, until something else is stored"
        await writer.post(post("b"))
        await until(lambda: index.after[1:] == [2, 3])


async def test_the_index_does_not_catch_up_while_posts_wait(store: Store, index: Index) -> None:
    index.left = 3
    writer, _hub = new_writer()
    async with running(writer.run()):
        store.may_go_on.clear()
        futures = [writer.post(post("a"))]
        await until(lambda: store.rounds)
        futures += [writer.post(post("b"))]
        index.may_go_on.clear()
        store.may_go_on.set()
        await asyncio.gather(*futures)
        await until(lambda: index.after)
        futures = [writer.post(post(str(n))) for n in range(5)]  # while it does
        index.may_go_on.set()
        await asyncio.gather(*futures)
        await until(lambda: len(index.after) == 3)
    assert index.after == [2, 7, 7], "what came meanwhile was stored before the index went on"


async def test_the_index_waits_for_a_quiet_moment_but_not_forever(
    store: Store, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0.2)
    monkeypatch.setattr(module, "_INDEXED_AFTER_SECONDS", 0.6)
    loop = asyncio.get_running_loop()
    writer, _hub = new_writer()
    async with running(writer.run()):
        begun = loop.time()
        while not index.after:
            await writer.post(post(str(loop.time())))
            await asyncio.sleep(0.01)
        assert loop.time() - begun >= 0.6, "posts came all the time"
        last = len(index.after)
        await writer.post(post("last"))
        await until(lambda: len(index.after) > last)  # once it is quiet


async def test_an_index_that_cannot_catch_up_does_not_end_the_writer(
    store: Store, index: Index, logged: Callable[[str], int]
) -> None:
    index.error = OperationalError("database is locked")
    writer, _hub = new_writer()
    async with running(writer.run()):
        await writer.post(post("a"))
        await until(lambda: logged("writer.index_behind") == 1)
        index.error = None
        await writer.post(post("b"))
        await until(lambda: index.after == [1, 2])


@pytest.mark.django_db(transaction=True)
async def test_what_was_stored_is_in_the_index_without_anybody_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0.01)
    alice = await in_database(User.objects.create, username="alice")
    await in_database(room_of, alice, "den")
    writer, _hub = new_writer()
    async with running(writer.run()):
        stored = await asyncio.gather(*(writer.post(a_post(alice, "den", "a needle")) for _ in range(3)))
        async with asyncio.timeout(10):
            while await in_database(held, "needle") != [int(each.message.id) for each in stored]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
