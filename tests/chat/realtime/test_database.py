"""The way to the database: off the loop, on our own threads, and a database that fails is UNAVAILABLE."""

import asyncio
import threading

import pytest
from django.conf import settings
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError

from accounts.models import User
from chat.lifetime import part
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime import database
from chat.realtime.database import in_database, in_database_at_last, in_database_for, in_writer

# Opening a connection is allowed; only the last test also needs to see what other threads commit.
pytestmark = pytest.mark.django_db


def thread_name() -> str:
    return threading.current_thread().name


async def test_each_kind_of_work_has_threads_of_its_own() -> None:
    names = [await work(thread_name) for work in (in_database, in_writer)]
    assert [name.split("_")[0] for name in names] == ["database", "writer"]


async def test_one_person_s_slow_requests_leave_half_of_the_threads_to_others() -> None:
    """Twenty sockets of one person may all ask for the dearest there is."""
    may_end, begun = threading.Event(), list[int]()

    def slow() -> None:
        begun.append(1)
        may_end.wait(10)

    hers = [asyncio.create_task(in_database_for(1, slow)) for _ in range(20)]
    try:
        assert await asyncio.wait_for(in_database_for(2, thread_name), 5)
        assert len(begun) == settings.DATABASE_THREADS // 2
        hers.pop().cancel()
    finally:
        may_end.set()
    await asyncio.gather(*hers)
    assert len(begun) == 19
    assert await in_database_for(1, thread_name)
    hers.clear()
    assert not part(database.TurnsOfPeople)[asyncio.get_running_loop()], "nothing is kept of those who have gone"


async def test_a_slow_query_holds_up_neither_the_loop_nor_the_writer() -> None:
    may_end = threading.Event()
    slow = asyncio.create_task(in_database(may_end.wait, 10))
    assert await in_writer(thread_name) and not slow.done()
    may_end.set()
    assert await slow


async def test_waiting_for_the_database_asks_again_until_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.realtime.database._AGAIN_SECONDS", 0.01)
    errors = [OperationalError("gone"), InterfaceError("closed")]

    def ask() -> str:
        if errors:
            raise errors.pop()
        return "there"

    assert await in_database_at_last(ask) == "there" and not errors


async def test_waiting_for_the_database_does_not_wait_out_a_refusal() -> None:
    def refuse() -> None:
        raise ProtocolError(ErrorCode.NOT_FOUND, "Thing not found.")

    with pytest.raises(ProtocolError, match="not found"):
        await in_database_at_last(refuse)


@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed"), DatabaseError("disk full")])
async def test_a_database_that_fails_is_unavailable(error: Exception) -> None:
    def fail() -> None:
        raise error

    for work in (in_database, in_writer):
        with pytest.raises(ProtocolError) as caught:
            await work(fail)
        assert caught.value.code is ErrorCode.UNAVAILABLE and caught.value.code.retryable
        assert caught.value.__cause__ is error


async def test_other_errors_pass_as_they_are() -> None:
    def fail() -> None:
        raise LookupError("ours")

    for work in (in_database, in_writer):
        with pytest.raises(LookupError):
            await work(fail)


@pytest.mark.django_db(transaction=True)
async def test_what_one_thread_commits_the_others_see() -> None:
    await in_database(User.objects.create, username="alice")
    assert await in_writer(User.objects.filter(username="alice").exists)
    with pytest.raises(ProtocolError):
        await in_writer(User.objects.create, username="alice")
    assert issubclass(IntegrityError, DatabaseError)
    assert await in_database(User.objects.count) == 1
