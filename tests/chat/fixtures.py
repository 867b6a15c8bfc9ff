"""Ways to bring about what the tests of actions begin with, and to say what they expect."""

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import pytest
from django.db import connection

from accounts.models import User
from chat.access import Actor
from chat.markdown import render
from chat.messages.posting import Post, Result, Stored, store
from chat.models import Membership, Message, Role, Room
from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.layer import bus, publishing

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 50
_client_ids = itertools.count(1)


def a_client_id() -> str:
    return f"client-{next(_client_ids)}"


def a_post(
    author: User,
    slug: str,
    content: str = "hello",
    *,
    client_id: str | None = None,
    reply_to: int | None = None,
    attachments: tuple[str, ...] = (),
) -> Post:
    more: dict[str, Any] = {"client_id": client_id, "reply_to": reply_to, "attachments": attachments}
    return Post.of(Actor.of(author), slug, content, render(content), **more)


def stored(results: Sequence[Result]) -> list[wire.Message]:
    """Return the messages of results that must all have been stored."""
    for result in results:
        assert isinstance(result, Stored), result
    return [result.message for result in results if isinstance(result, Stored)]


def say(author: User, slug: str, *contents: str) -> list[wire.Message]:
    """Post messages as the writer does."""
    return stored(store([a_post(author, slug, content) for content in contents]))


def codes(results: Sequence[Result]) -> list[str]:
    """Return the error code of each result, or "" where a message was stored."""
    return [str(result.code) if isinstance(result, ProtocolError) else "" for result in results]


@contextmanager
def refused(code: ErrorCode) -> Iterator[pytest.ExceptionInfo[ProtocolError]]:
    with pytest.raises(ProtocolError) as caught:
        yield caught
    assert caught.value.code == code, caught.value


def room_of(
    owner: User, slug: str, kind: str = "closed", *, members: Sequence[User] = (), moderators: Sequence[User] = ()
) -> Room:
    """Make a room without notices: its `change` begins at 0."""
    room = Room.objects.create(slug=slug, name=slug.title(), kind=kind, created_by=owner)
    people = [(owner, Role.OWNER), *((each, Role.MODERATOR) for each in moderators)]
    people += [(each, Role.MEMBER) for each in members]
    Membership.objects.bulk_create([Membership(room=room, user=each, role=role) for each, role in people])
    return room


def rows_of(slug: str) -> list[Message]:
    return list(Message.objects.filter(room__slug=slug).order_by("seq"))


def assert_gapless(slug: str) -> None:
    """Every change up to the room's own is on a row, or was on one that has changed since; none is there twice."""
    room = Room.objects.get(slug=slug)
    seqs = [row.seq for row in rows_of(slug)]
    assert len(set(seqs)) == len(seqs)
    newest = sorted(row.change for row in rows_of(slug))
    assert len(set(newest)) == len(newest) and (not newest or newest[-1] == room.change)


def in_threads(*works: Callable[[], T]) -> list[T | Exception]:
    """Run functions at the same time, each on a thread with a connection of its own; return what each returned."""
    results: list[Any] = [None] * len(works)
    ready = threading.Barrier(len(works))

    def run(index: int, work: Callable[[], T]) -> None:
        try:
            ready.wait(_PATIENCE_SECONDS)
            results[index] = work()
        except Exception as error:  # noqa: BLE001 - it is the result
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, work)) for index, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(_PATIENCE_SECONDS)
        assert not thread.is_alive(), "a thread waits forever"
    return results


@pytest.fixture
def silence() -> Iterator[list[bus.Message]]:
    """Collect what is published after real commits, in place of handing it to the channel layer."""
    with publishing.capture() as published:
        yield published
