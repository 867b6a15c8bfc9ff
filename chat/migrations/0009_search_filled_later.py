"""SQLite: storing a message leaves the full-text index alone; a search, or a quiet moment, takes up what is new.

FTS5 writes to its index at the end of each transaction, which is dear where each message has one of its own. What is in
the index is known by one id: SQLite gives ids in the order of its commits. PostgreSQL's index stays as it is.
"""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

with_words = import_module("chat.migrations.0005_search_in_rooms")
earlier = import_module("chat.migrations.0006_search_by_parts")

TRIGGERS_BACK = with_words.SQLITE_BACK[:3]
TRIGGERS_OF_BEFORE = with_words.SQLITE[2:]
# A message that comes with an id from below is never reached by going on from there: from a fixture, or after `flush`,
# which begins counting again. It is indexed at once. What is not in the index must not be taken out of it: FTS5 would
# note that down, and no longer find it.
TRIGGERS = (
    """CREATE TRIGGER chat_message_search_insert AFTER INSERT ON chat_message
        WHEN new.id <= (SELECT last_id FROM chat_message_search_progress) BEGIN
        INSERT INTO chat_message_search(rowid, words)
        VALUES (new.id, new.content || ' ' || char(57344) || new.room_id); END""",
    """CREATE TRIGGER chat_message_search_delete AFTER DELETE ON chat_message
        WHEN old.id <= (SELECT last_id FROM chat_message_search_progress) BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, words)
        VALUES ('delete', old.id, old.content || ' ' || char(57344) || old.room_id); END""",
    """CREATE TRIGGER chat_message_search_update AFTER UPDATE OF content ON chat_message
        WHEN old.id <= (SELECT last_id FROM chat_message_search_progress) BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, words)
        VALUES ('delete', old.id, old.content || ' ' || char(57344) || old.room_id);
        INSERT INTO chat_message_search(rowid, words)
        VALUES (new.id, new.content || ' ' || char(57344) || new.room_id); END""",
)
PROGRESS = (
    "CREATE TABLE chat_message_search_progress (last_id INTEGER NOT NULL)",
    "INSERT INTO chat_message_search_progress SELECT coalesce(max(id), 0) FROM chat_message",
)
PROGRESS_BACK = (
    """INSERT INTO chat_message_search(rowid, words)
        SELECT id, content || ' ' || char(57344) || room_id FROM chat_message
        WHERE id > (SELECT last_id FROM chat_message_search_progress) ORDER BY id""",
    "DROP TABLE chat_message_search_progress",
)


def make(editor: BaseDatabaseSchemaEditor) -> None:
    """Make the full-text index as it is after this migration. For code that fills or copies the whole table."""
    earlier.make(editor)
    forwards(None, editor)


def remove(editor: BaseDatabaseSchemaEditor) -> None:
    earlier.remove(editor)
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TABLE chat_message_search_progress")


def forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run_on_sqlite(editor, TRIGGERS_BACK, PROGRESS, TRIGGERS)


def backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run_on_sqlite(editor, TRIGGERS_BACK, PROGRESS_BACK, TRIGGERS_OF_BEFORE)


def _run_on_sqlite(editor: BaseDatabaseSchemaEditor, *parts: tuple[str, ...]) -> None:
    if editor.connection.vendor == "sqlite":
        for statement in (statement for part in parts for statement in part):
            editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = (("chat", "0008_lean_message_indexes"),)
    operations = (migrations.RunPython(forwards, backwards),)
