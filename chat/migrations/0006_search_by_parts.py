"""PostgreSQL: words are in the index once for each part of the table, so an unfinished word costs what one part holds.

GIN reads the whole list of each word that begins so before it looks at anything else: with words that belonged to the
whole table, each part of it that was asked for cost a reading of all. SQLite's index stays as it is.
"""

from importlib import import_module

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

earlier = import_module("chat.migrations.0005_search_in_rooms")

# '7:word' for a word, '7#12' for the room, both in part 7 of the table: 32,768 ids each. The words of a tsvector are
# quoted in its text, with no space and no quote within, for the parser makes none.
POSTGRESQL = (
    """CREATE INDEX chat_message_search ON chat_message USING gin ((
        replace(' ' || strip(to_tsvector('simple', translate(content, './-:@+=~#', '         ')))::text,
            ' ''', ' ''' || (id >> 15) || ':')::tsvector
        || array_to_tsvector(ARRAY[(id >> 15) || '#' || room_id]))) WITH (fastupdate = off)""",
)


def make(editor: BaseDatabaseSchemaEditor) -> None:
    """Make the full-text index as it is after this migration. For code that fills or copies the whole table."""
    for statement in {"sqlite": earlier.SQLITE, "postgresql": POSTGRESQL}[editor.connection.vendor]:
        editor.execute(statement)


def remove(editor: BaseDatabaseSchemaEditor) -> None:
    earlier.backwards(None, editor)


def forwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        remove(editor)
        make(editor)


def backwards(_apps: object, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        remove(editor)
        earlier.forwards(None, editor)


class Migration(migrations.Migration):
    dependencies = (("chat", "0005_search_in_rooms"),)
    operations = (migrations.RunPython(forwards, backwards),)
