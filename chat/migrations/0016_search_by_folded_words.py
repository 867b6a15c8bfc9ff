"""Search by words that the program folds itself, the same on both databases, in a table beside the messages.

What is stored already waits in a backlog: the writer works it off from the newest to the oldest, between posts. Nothing
here reads the messages, so no lock is held for long.
"""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

earlier = import_module("chat.migrations.0009_search_filled_later")

# The words stand between spaces, in the order of the text, so a row also says which words stand side by side.
SQLITE = (
    """CREATE VIRTUAL TABLE chat_message_words USING fts5(
        words, columnsize=0, prefix='1 2 3', tokenize="ascii tokenchars '#$%&*+<=>@^_`|~'")""",
    """CREATE TABLE chat_message_words_due (
        id integer NOT NULL PRIMARY KEY AUTOINCREMENT, message_id bigint NOT NULL)""",
    "CREATE TABLE chat_message_words_progress (last_id bigint NOT NULL, backlog_id bigint NOT NULL)",
    """INSERT INTO chat_message_words_progress
        SELECT coalesce(max(id), 0), coalesce(max(id), 0) FROM chat_message""",
    # A message with an id from below, from a fixture or after `flush`, is not reached by going on from the last one.
    """CREATE TRIGGER chat_message_words_insert AFTER INSERT ON chat_message
        WHEN new.id <= (SELECT last_id FROM chat_message_words_progress) BEGIN
        INSERT INTO chat_message_words_due (message_id) VALUES (new.id); END""",
    """CREATE TRIGGER chat_message_words_update AFTER UPDATE OF content, html, kind, room_id, deleted_at ON chat_message
        WHEN new.id <= (SELECT last_id FROM chat_message_words_progress) BEGIN
        INSERT INTO chat_message_words_due (message_id) VALUES (new.id); END""",
    """CREATE TRIGGER chat_message_words_delete AFTER DELETE ON chat_message BEGIN
        DELETE FROM chat_message_words WHERE rowid = old.id; END""",
)
SQLITE_BACK = (
    "DROP TRIGGER chat_message_words_delete",
    "DROP TRIGGER chat_message_words_update",
    "DROP TRIGGER chat_message_words_insert",
    "DROP TABLE chat_message_words_progress",
    "DROP TABLE chat_message_words_due",
    "DROP TABLE chat_message_words",
)
# As in 0006: '7:word' for a word, '7#12' for the room, both in part 7 of the table: 32,768 ids each. A note has no
# unique message: one that is written while its message is taken up must not get lost in the note that is being deleted.
POSTGRESQL = (
    "CREATE TABLE chat_message_words (id bigint PRIMARY KEY, room_id bigint NOT NULL, words text NOT NULL)",
    """CREATE INDEX chat_message_words_parts ON chat_message_words USING gin ((
        array_to_tsvector(string_to_array(
            (id >> 15) || '#' || room_id || replace(words, ' ', ' ' || (id >> 15) || ':'), ' ')))) WITH (fastupdate = off)""",
    """CREATE TABLE chat_message_words_due (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id bigint NOT NULL)""",
    "CREATE TABLE chat_message_words_progress (backlog_id bigint NOT NULL)",
    "INSERT INTO chat_message_words_progress SELECT coalesce(max(id), 0) FROM chat_message",
    """CREATE FUNCTION chat_message_words_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO chat_message_words_due (message_id) SELECT id FROM fresh; RETURN NULL; END $$""",
    """CREATE FUNCTION chat_message_words_note_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO chat_message_words_due (message_id) VALUES (NEW.id); RETURN NULL; END $$""",
    """CREATE FUNCTION chat_message_words_forget() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM chat_message_words USING gone WHERE chat_message_words.id = gone.id; RETURN NULL; END $$""",
    """CREATE FUNCTION chat_message_words_forget_all() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        TRUNCATE chat_message_words, chat_message_words_due; RETURN NULL; END $$""",
    """CREATE TRIGGER chat_message_words_insert AFTER INSERT ON chat_message REFERENCING NEW TABLE AS fresh
        FOR EACH STATEMENT EXECUTE FUNCTION chat_message_words_note()""",
    """CREATE TRIGGER chat_message_words_update AFTER UPDATE OF content, html, kind, room_id, deleted_at ON chat_message
        FOR EACH ROW EXECUTE FUNCTION chat_message_words_note_one()""",
    """CREATE TRIGGER chat_message_words_delete AFTER DELETE ON chat_message REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION chat_message_words_forget()""",
    """CREATE TRIGGER chat_message_words_truncate AFTER TRUNCATE ON chat_message
        FOR EACH STATEMENT EXECUTE FUNCTION chat_message_words_forget_all()""",
)
POSTGRESQL_BACK = (
    "DROP TRIGGER chat_message_words_truncate ON chat_message",
    "DROP TRIGGER chat_message_words_delete ON chat_message",
    "DROP TRIGGER chat_message_words_update ON chat_message",
    "DROP TRIGGER chat_message_words_insert ON chat_message",
    "DROP FUNCTION chat_message_words_forget_all",
    "DROP FUNCTION chat_message_words_forget",
    "DROP FUNCTION chat_message_words_note_one",
    "DROP FUNCTION chat_message_words_note",
    "DROP TABLE chat_message_words_progress",
    "DROP TABLE chat_message_words_due",
    "DROP TABLE chat_message_words",
)


def make(editor: BaseDatabaseSchemaEditor) -> None:
    """Make the full-text index as it is after this migration, empty. Fill or copy the table before it."""
    _run(editor, SQLITE, POSTGRESQL)


def remove(editor: BaseDatabaseSchemaEditor) -> None:
    _run(editor, SQLITE_BACK, POSTGRESQL_BACK)


def forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    earlier.remove(editor)
    make(editor)


def backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    remove(editor)
    earlier.make(editor)


def _run(editor: BaseDatabaseSchemaEditor, sqlite: tuple[str, ...], postgresql: tuple[str, ...]) -> None:
    for statement in {"sqlite": sqlite, "postgresql": postgresql}[editor.connection.vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = (("chat", "0015_member_invitations"),)
    operations = (migrations.RunPython(forwards, backwards),)
