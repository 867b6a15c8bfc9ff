"""A message costs few indexes, and what deletions look up is in one: migration 0008, both ways, on both databases."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from chat.models import Message, Reply, Room
from chat.search.folding import terms_of
from chat.search.index import newest
from tests.chat.fixtures import room_of, say

REFERENCES = ("room_id", "author_id", "reply_to_id", "shown_id", "deleted_by_id")
PARTIAL = {
    "replies_to_messages": "reply_to_id",
    "messages_by_shown_reply": "shown_id",
    "messages_by_deleter": "deleted_by_id",
}


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def single_column_indexes() -> dict[str, str]:
    """Return the columns of the references that have an index to themselves, by its name."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, "chat_message")
    return {
        name: facts["columns"][0]
        for name, facts in constraints.items()
        if facts["index"] and len(facts["columns"]) == 1 and facts["columns"][0] in REFERENCES
    }


@pytest.mark.django_db
def test_only_the_partial_indexes_are_left_of_those_with_one_column() -> None:
    assert single_column_indexes() == PARTIAL
    with connection.cursor() as cursor:
        definitions = (
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'chat_message' AND type = 'index'"
            if connection.vendor == "sqlite"
            else "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'chat_message'"
        )
        cursor.execute(definitions)
        definition_of = dict(cursor.fetchall())
    assert all("IS NOT NULL" in definition_of[name] for name in PARTIAL)


def plan_of(rows: "QuerySet[Any]") -> str:
    """Return how the database would find these rows if reading a whole table were no choice."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
    return rows.explain()


@pytest.mark.parametrize(
    ("looked_up", "column", "index"),
    [
        ({"reply_to__in": [1, 2]}, "reply_to_id", "replies_to_messages"),
        ({"shown__in": [1, 2]}, "shown_id", "messages_by_shown_reply"),
        ({"shown": 1}, "shown_id", "messages_by_shown_reply"),
        ({"deleted_by__in": [1, 2]}, "deleted_by_id", "messages_by_deleter"),
        # Those of the unique constraints: SQLite gives them names of its own, and of two the planner takes either.
        ({"author__in": [1, 2]}, "author_id", ""),
        ({"room__in": [1, 2]}, "room_id", ""),
    ],
)
@pytest.mark.django_db
def test_what_deletions_look_up_is_in_an_index(looked_up: dict[str, Any], column: str, index: str) -> None:
    plan = plan_of(Message.objects.filter(**looked_up).order_by())
    assert index in plan
    assert re.search(rf"USING .*INDEX .*\({column}=\?\)|Index Cond: \({column} = ", plan), plan


@pytest.mark.django_db
def test_the_database_itself_checks_references_by_the_indexes(den: Room) -> None:
    """SQLite looks up what points to a deleted row in the index; PostgreSQL's check says what it does to no one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("EXPLAIN SELECT 1 FROM ONLY chat_message WHERE 1 = reply_to_id FOR KEY SHARE")
            assert "replies_to_messages" in str(cursor.fetchall())
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rootpage, name FROM sqlite_master WHERE type = 'index'")
        indexes = dict(cursor.fetchall())
        cursor.execute("EXPLAIN DELETE FROM chat_message WHERE id = 1")
        opened = {indexes.get(row[3]) for row in cursor.fetchall() if row[1] == "OpenRead"}
    assert "replies_to_messages" in opened


def posted(author: User, slug: str, content: str) -> Message:
    (message,) = say(author, slug, content)
    return Message.objects.get(pk=int(message.id))


def references_of(message: Message) -> tuple[int | None, int | None, int | None, int | None]:
    message.refresh_from_db()
    return message.author_id, message.reply_to_id, message.shown_id, message.deleted_by_id


@pytest.mark.django_db
def test_deleting_what_a_message_points_to_leaves_the_message_without_it(alice: User, bob: User, den: Room) -> None:
    asked, message = posted(alice, "den", "one"), posted(bob, "den", "two")
    reply = Reply.objects.create(message=message, room=den, change=1, model="demo")
    Message.objects.filter(pk=message.pk).update(reply_to=asked, shown=reply, deleted_by=alice)
    reply.delete()
    assert references_of(message) == (bob.pk, asked.pk, None, alice.pk)
    asked.delete()
    assert references_of(message) == (bob.pk, None, None, alice.pk)
    alice.delete()
    assert references_of(message) == (bob.pk, None, None, None)
    bob.delete()
    assert references_of(message) == (None, None, None, None)
    den.delete()
    assert not Message.objects.filter(pk=message.pk).exists()


@pytest.fixture
def before_migration(transactional_db: None, alice: User, den: Room) -> Iterator[None]:
    """The indexes as 0007 left them, and whatever a test does, as they are now.

    Whom and what a test needs is made first: the program wants columns that came later.
    """
    call_command("migrate", "chat", "0007", verbosity=0)
    try:
        yield
    finally:
        call_command("migrate", "chat", verbosity=0)


def test_migrating_back_and_forth_changes_the_indexes_and_keeps_messages_and_search(
    before_migration: None, alice: User, den: Room
) -> None:
    assert sorted(single_column_indexes().values()) == sorted(REFERENCES), "each has an index again"
    first = Message.objects.create(room=den, seq=1, change=1, author=alice, content="hello before")
    Room.objects.filter(pk=den.pk).update(change=1)
    call_command("migrate", "chat", verbosity=0)
    second = posted(alice, "den", "hello after")
    assert single_column_indexes() == PARTIAL
    assert sorted(newest(terms_of("hello"), [den.pk], None, 10)) == [first.pk, second.pk], "no trigger was lost"
