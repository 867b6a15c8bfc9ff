"""One emoji is one reaction: those that were stored with and without a request for colour become one."""

from typing import Any

from django.db import migrations

from chat.messages.emoji import canonical_emoji


def unite(apps: Any, _schema_editor: Any) -> None:
    """Give reactions their one form, and messages that look different then a new change, so that open tabs learn of it."""
    reactions, messages, rooms = (apps.get_model("chat", name).objects for name in ("Reaction", "Message", "Room"))
    stored = reactions.order_by().values_list("emoji", flat=True).distinct()
    other_forms = {emoji: form for emoji in stored if (form := canonical_emoji(emoji)) not in (None, emoji)}
    changed = set()
    for row in reactions.filter(emoji__in=other_forms).order_by("pk").iterator():
        same = reactions.filter(message=row.message_id, user=row.user_id, emoji=other_forms[row.emoji])
        if same.exists():
            row.delete()
        else:
            row.emoji = other_forms[row.emoji]
            row.save(update_fields=["emoji"])
        changed.add(row.message_id)
    for message in messages.filter(pk__in=changed).order_by("room", "pk"):
        room = rooms.select_for_update().get(pk=message.room_id)
        room.change += 1
        room.save(update_fields=["change"])
        message.change = room.change
        message.save(update_fields=["change"])


class Migration(migrations.Migration):
    dependencies = (("chat", "0018_room_deletion"),)
    operations = (migrations.RunPython(unite, migrations.RunPython.noop, elidable=True),)
