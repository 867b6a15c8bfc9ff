"""SQLite's full-text index is filled later than the table, and no one who searches can tell."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from accounts.models import User
from chat.access import Actor
from chat.claude.tools import registry
from chat.messages import changes
from chat.models import Message, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError, failed
from chat.search import filling, index
from chat.search.filling import catch_up, catch_up_some
from chat.search.folding import terms_of
from chat.search.index import matching, newest
from tests.chat.fixtures import room_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def found(room: Room, word: str) -> list[int]:
    return sorted(newest(terms_of(word), [room.pk], None, 50))


def held(word: str) -> list[int]:
    """Return the ids that are in the index as it is, of rows that are gone as well."""
    statement = {
        "sqlite": "SELECT rowid FROM chat_message_words WHERE chat_message_words MATCH %s",
        "postgresql": "SELECT id FROM chat_message_words WHERE strpos(words, ' ' || %s || ' ') > 0",
    }
    with connection.cursor() as cursor:
        cursor.execute(statement[connection.vendor], (word,))
        return sorted(row[0] for row in cursor.fetchall())


def test_storing_leaves_the_index_alone_and_a_message_is_found_at_once(alice: User, den: Room) -> None:
    for count in (1, 2):
        message = say(alice, "den", "a needle")[0]
        assert int(message.id) not in held("needle")
        assert len(found(den, "needle")) == count and int(message.id) in found(den, "needle")
        assert len(held("needle")) == count, "each once, however often one searches"
    say(alice, "den", "a needle")
    assert matching(terms_of("needle")).count() == 3, "operators find it as soon"


@pytest.mark.parametrize("prepare", [lambda: None, catch_up], ids=["before it is indexed", "after it was indexed"])
def test_an_edit_and_a_deletion_are_known_to_the_index(prepare: Callable[[], None], alice: User, den: Room) -> None:
    edited, deleted, removed, kept = say(alice, "den", *["a needle"] * 4)
    prepare()
    changes.edit_message(Actor.of(alice), edited.id, "a haystack", "")
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(deleted.id))
    Message.objects.filter(pk=int(removed.id)).delete()
    assert found(den, "needle") == held("needle") == [int(kept.id)]
    assert found(den, "haystack") == held("haystack") == [int(edited.id)]
    changes.edit_message(Actor.of(alice), edited.id, "a needle again", "")
    assert found(den, "needle") == held("needle") == [int(edited.id), int(kept.id)]
    assert found(den, "haystack") == held("haystack") == []
    den.delete()
    assert held("needle") == [], "nothing stays of a room that is gone"


def test_the_index_catches_up_in_bounded_transactions(alice: User, den: Room) -> None:
    Message.objects.bulk_create(
        Message(room=den, seq=seq, change=seq, author=alice, content="a needle") for seq in range(1, 2_201)
    )
    Room.objects.update(change=2_200)
    sizes, is_more = [len(held("needle"))], True
    while is_more:
        is_more = catch_up_some()
        sizes.append(len(held("needle")))
    assert sizes == [0, 1_000, 2_000, 2_200, 2_200]
    say(alice, "den", "a needle")
    assert matching(terms_of("needle")).count() == 2_201


def test_a_message_with_an_id_from_below_is_found(alice: User, den: Room) -> None:
    """As after `flush`, which begins counting again, and from a fixture: the index went on from there long ago."""
    for seq, pk in enumerate((5_000, 7, 6_000, 8), 1):
        Message.objects.create(pk=pk, room=den, seq=seq, change=seq, author=alice, content="a needle")
        assert pk in found(den, "needle")
    assert found(den, "needle") == held("needle") == [7, 8, 5_000, 6_000]


@pytest.mark.django_db(transaction=True)
def test_a_search_catches_up_on_the_writers_thread(monkeypatch: pytest.MonkeyPatch, alice: User, den: Room) -> None:
    """SQLite's lock knows no turns: beside a busy writer another thread waited for it until it was refused."""
    catch_up()  # with what other tests have left to take up
    threads: list[str] = []

    def noted(**options: bool) -> bool:
        threads.append(threading.current_thread().name.partition("_")[0])
        return catch_up_some(**options)

    monkeypatch.setattr(filling, "catch_up_some", noted)
    say(alice, "den", "a needle")
    assert len(found(den, "needle")) == 1
    assert threads == ["writer" if connection.vendor == "sqlite" else "MainThread"]


@pytest.fixture
def afterwards_as_it_was(transactional_db: None) -> Iterator[None]:
    try:
        yield
    finally:
        call_command("migrate", "chat", verbosity=0)


def test_messages_from_before_the_index_are_taken_up_from_the_newest_on(
    afterwards_as_it_was: None, alice: User, den: Room
) -> None:
    """A large database must not stand still for it, so the migration reads no message."""
    call_command("migrate", "chat", "0015", verbosity=0)
    # Not posted: of rooms the program wants columns that they may have got since.
    ids = [
        Message.objects.create(room=den, seq=seq, change=seq, author=alice, content="a needle").pk
        for seq in range(1, 1_003)
    ]
    Room.objects.update(change=1_002)
    call_command("migrate", "chat", verbosity=0)
    assert held("needle") == []
    fresh = int(say(alice, "den", "a needle")[0].id)
    edited = changes.edit_message(Actor.of(alice), str(ids[1]), "a haystack", "").message
    Message.objects.filter(pk=ids[2]).delete()
    assert max(found(den, "needle")) == fresh, "what is new is found while the rest waits"
    assert found(den, "haystack") == [int(edited.id)]
    while catch_up_some():
        pass
    left = [*ids[:1], *ids[3:], fresh]
    assert held("needle") == left and held("haystack") == [int(edited.id)]


def test_the_index_of_before_comes_back_with_everything(afterwards_as_it_was: None, alice: User, den: Room) -> None:
    say(alice, "den", "a needle")
    call_command("migrate", "chat", "0015", verbosity=0)
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM chat_message_search WHERE chat_message_search MATCH 'needle'")
        else:
            cursor.execute("SELECT count(*) FROM pg_indexes WHERE indexname = 'chat_message_search'")
        assert cursor.fetchone() == (1,)


def test_where_nobody_has_written_anything_nothing_is_found_at_once(den: Room) -> None:
    """PostgreSQL once made a list of all parts that a table could ever have, and wrote until the disk was full."""
    Message.objects.all().delete()
    many = [den.pk + number for number in range(200)]
    for rooms in ([den.pk], [den.pk, den.pk + 1], many):
        for before in (None, 1, 10**9):
            assert (
                newest(terms_of("hello"), rooms, before, 20) == newest(terms_of("hello wor"), rooms, before, 20) == []
            )
    assert not matching(terms_of("hello")).exists()


def slow_statement() -> str:
    if connection.vendor == "sqlite":
        return "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    return "SELECT 1 FROM pg_sleep(60)"


def test_a_search_that_takes_too_long_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_STATEMENT_SECONDS", 0.2)
    began = time.monotonic()
    # In a transaction of its own, which the end of a statement breaks on PostgreSQL.
    with (
        pytest.raises(ProtocolError, match=r"takes too long\. Use more specific words\.") as caught,
        transaction.atomic(),
    ):
        index._ids(slow_statement(), {})
    assert time.monotonic() - began < 5
    assert caught.value.code is ErrorCode.REQUEST_FAILED
    assert index._ids("SELECT 7", {}) == [7], "the connection works on"


@pytest.mark.django_db(transaction=True)
def test_only_searches_have_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_STATEMENT_SECONDS", 0.1)
    with pytest.raises(ProtocolError):
        index._ids(slow_statement(), {})
    assert index._ids("SELECT 7", {}) == [7]
    slow = (
        "SELECT 1 FROM pg_sleep(0.3)"
        if connection.vendor == "postgresql"
        else "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT count(*) FROM n"
    )
    with connection.cursor() as cursor:
        cursor.execute(slow)
        assert cursor.fetchone() is not None


def test_claude_is_told_that_its_search_takes_too_long(monkeypatch: pytest.MonkeyPatch, alice: User) -> None:
    room = room_of(alice, "den")
    Room.objects.filter(pk=room.pk).update(claude_tools=["search_history"])

    def fail(*_: Any) -> list[int]:
        raise failed("This search takes too long. Use more specific words.")

    monkeypatch.setattr(index, "_ids", fail)
    result = registry.run("search_history", {"query": "word"}, room.pk, 10)
    assert result.is_error and "more specific words" in result.content
