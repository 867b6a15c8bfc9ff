"""Fewer indexes on messages, for each costs every message that is stored.

A room's messages are found by (room, seq), a person's by (author, client_id). What hardly any message has is kept in
partial indexes, for what deletions set to null. SQLite would copy the table to alter a column, and lose the triggers of
the full-text index: only the indexes are dropped, and the columns stay as they are.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "chat_message"
COLUMNS = ("room_id", "author_id", "reply_to_id", "shown_id", "deleted_by_id")
PARTIAL = {"reply_to": "replies_to_messages", "shown": "messages_by_shown_reply", "deleted_by": "messages_by_deleter"}


def drop_indexes(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Drop what Django made for the foreign keys, found by its column: the names differ from one version to another."""
    with editor.connection.cursor() as cursor:
        constraints = editor.connection.introspection.get_constraints(cursor, TABLE)
    for name, facts in constraints.items():
        # The partial indexes do not exist yet, nor again when this is undone: each plain one here is to go.
        if facts["index"] and not facts["unique"] and tuple(facts["columns"]) in {(column,) for column in COLUMNS}:
            editor.execute(f"DROP INDEX {editor.quote_name(name)}")


def make_indexes(_apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for column in COLUMNS:
        name, table, quoted = (editor.quote_name(word) for word in (f"{TABLE}_{column}", TABLE, column))
        editor.execute(f"CREATE INDEX {name} ON {table} ({quoted})")


def _reference(to: str, related_name: str = "+", *, null: bool = True, blank: bool = True) -> models.ForeignKey:
    on_delete = django.db.models.deletion.SET_NULL if null else django.db.models.deletion.CASCADE
    return models.ForeignKey(to, on_delete=on_delete, null=null, blank=blank, related_name=related_name, db_index=False)


class Migration(migrations.Migration):
    dependencies = (("chat", "0007_draft_saved_by"), migrations.swappable_dependency(settings.AUTH_USER_MODEL))
    operations = (
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("message", name, field)
                for name, field in {
                    "room": _reference("chat.room", "messages", null=False, blank=False),
                    "author": _reference(settings.AUTH_USER_MODEL, "messages", blank=False),
                    "reply_to": _reference("chat.message"),
                    "shown": _reference("chat.reply"),
                    "deleted_by": _reference(settings.AUTH_USER_MODEL),
                }.items()
            ],
            database_operations=[migrations.RunPython(drop_indexes, make_indexes)],
        ),
        *(
            migrations.AddIndex(
                "message",
                models.Index(fields=[field], name=name, condition=models.Q((f"{field}__isnull", False))),
            )
            for field, name in PARTIAL.items()
        ),
    )
