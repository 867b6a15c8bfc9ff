"""Full-text search: FTS5 kept by triggers on SQLite, a GIN index on PostgreSQL."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SQLITE = (
    """CREATE VIRTUAL TABLE chat_message_search USING fts5(
        content, content='chat_message', content_rowid='id', tokenize='unicode61 remove_diacritics 2')""",
    "INSERT INTO chat_message_search(chat_message_search) VALUES ('rebuild')",
    """CREATE TRIGGER chat_message_search_insert AFTER INSERT ON chat_message BEGIN
        INSERT INTO chat_message_search(rowid, content) VALUES (new.id, new.content); END""",
    """CREATE TRIGGER chat_message_search_delete AFTER DELETE ON chat_message BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, content)
        VALUES ('delete', old.id, old.content); END""",
    """CREATE TRIGGER chat_message_search_update AFTER UPDATE OF content ON chat_message BEGIN
        INSERT INTO chat_message_search(chat_message_search, rowid, content)
        VALUES ('delete', old.id, old.content);
        INSERT INTO chat_message_search(rowid, content) VALUES (new.id, new.content); END""",
)
SQLITE_BACK = (
    "DROP TRIGGER chat_message_search_update",
    "DROP TRIGGER chat_message_search_delete",
    "DROP TRIGGER chat_message_search_insert",
    "DROP TABLE chat_message_search",
)
# Without `translate` PostgreSQL keeps "example.org" and "foo/bar.py" as one word each, and "org" finds nothing.
POSTGRESQL = (
    """CREATE INDEX chat_message_search ON chat_message
        USING gin (to_tsvector('simple', translate(content, './-:@+=~#', '         ')))""",
)
POSTGRESQL_BACK = ("DROP INDEX chat_message_search",)


def _run(editor: BaseDatabaseSchemaEditor, sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[editor.connection.vendor]:
        editor.execute(statement)


def forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, SQLITE, POSTGRESQL)


def backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, SQLITE_BACK, POSTGRESQL_BACK)


class Migration(migrations.Migration):
    dependencies = (("chat", "0001_initial"),)
    operations = (migrations.RunPython(forwards, backwards),)
