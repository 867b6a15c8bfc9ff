"""Search within rooms, however long they are: the index knows each message's room. And unread counts read no rows.

A word for its room stands beside a message's own words: no one can type it, and an index that reads the newest
first stops after a page. On SQLite the index no longer refers to the table's columns, so it cannot be rebuilt on
its own: a later migration that copies chat_message calls `backwards` before and `forwards` after it.
"""

from importlib import import_module

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

earlier = import_module("chat.migrations.0002_search")

SQLITE = (
    # `prefix`: words of up to three letters that may be unfinished are in so many messages that merging them took long.
    """CREATE VIRTUAL TABLE chat_message_search USING fts5(
        words, content='', columnsize=0, prefix='1 2 3', tokenize='unicode61 remove_diacritics 2')""",
    # char(57344) is U+E000, for private use: part of a word for the tokenizer, and in no word of a query.
    """INSERT INTO chat_message_search(rowid, words)
        SELECT id, content || ' ' || char(57344) || room_id FROM chat_message ORDER BY id""",
    """CREATE TRIGGER chat_message_search_insert AFTER INSERT ON chat_message BEGIN
        INSERT INTO chat_message_search(rowid, words)
        VALUES (new.id, new.content || ' ' || char(57344) || new.room_id); END""",
    """CREATE TRIGGER chat_message_search_delete AFTER DELETE ON chat_message BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, words)
        VALUES ('delete', old.id, old.content || ' ' || char(57344) || old.room_id); END""",
    """CREATE TRIGGER chat_message_search_update AFTER UPDATE OF content ON chat_message BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, words)
        VALUES ('delete', old.id, old.content || ' ' || char(57344) || old.room_id);
        INSERT INTO chat_message_search(rowid, words)
        VALUES (new.id, new.content || ' ' || char(57344) || new.room_id); END""",
)
SQLITE_BACK = (
    "DROP TRIGGER chat_message_search_update",
    "DROP TRIGGER chat_message_search_delete",
    "DROP TRIGGER chat_message_search_insert",
    "DROP TABLE chat_message_search",
)
# `#` and `@` begin no word of a query. `@` is the part of the table, 32,768 ids each, that searching goes back by.
# Without `translate` PostgreSQL keeps "example.org" and "foo/bar.py" as one word each, and "org" finds nothing.
# Without `fastupdate` a query need not read through what has not been sorted in yet, once for every part.
POSTGRESQL = (
    """CREATE INDEX chat_message_search ON chat_message USING gin ((
        to_tsvector('simple', translate(content, './-:@+=~#', '         '))
        || array_to_tsvector(ARRAY['#' || room_id, '@' || (id >> 15)]))) WITH (fastupdate = off)""",
)
POSTGRESQL_BACK = ("DROP INDEX chat_message_search",)


def forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, SQLITE, POSTGRESQL)


def backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, SQLITE_BACK, POSTGRESQL_BACK)


def _run(editor: BaseDatabaseSchemaEditor, sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = (("chat", "0004_attachments"),)
    operations = (
        migrations.RunPython(earlier.backwards, earlier.forwards),
        migrations.RunPython(forwards, backwards),
        migrations.RemoveIndex("message", "countable_messages"),
        migrations.AddIndex(
            "message",
            models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("kind", "text")),
                fields=["room", "seq", "author", "kind", "deleted_at"],
                name="countable_messages",
            ),
        ),
    )
