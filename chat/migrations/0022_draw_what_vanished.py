"""Messages of which an earlier version drew nothing, such as `[12:30]: hello`, are drawn."""

from typing import Any

from django.db import migrations, transaction

from chat import markdown

_AT_ONCE = 1000


def draw(apps: Any, schema_editor: Any) -> None:
    """Format them again, and give each a new change, so that open tabs learn of it.

    A transaction takes a thousand messages at most: no room waits for all of them.
    """
    alias = schema_editor.connection.alias
    messages = apps.get_model("chat", "Message").objects.using(alias)
    texts = messages.filter(kind="text", deleted_at=None).exclude(content="").order_by("pk")
    after = 0
    while some := list(texts.filter(pk__gt=after).values_list("pk", "html")[:_AT_ONCE]):
        blank = [pk for pk, html in some if not markdown.is_drawn(html)]
        with transaction.atomic(using=alias):
            for message in messages.filter(pk__in=blank).order_by("room", "pk"):
                _draw_one(apps.get_model("chat", "Room").objects.using(alias), message)
        after = some[-1][0]


def _draw_one(rooms: Any, message: Any) -> None:
    html = markdown.without_mentions(markdown.render(message.content))
    if not markdown.is_drawn(html):
        return
    room = rooms.select_for_update().get(pk=message.room_id)
    room.change += 1
    room.save(update_fields=["change"])
    message.html, message.change = html, room.change
    message.save(update_fields=["html", "change"])


class Migration(migrations.Migration):
    atomic = False
    dependencies = (("chat", "0021_owner_notices"),)
    operations = (migrations.RunPython(draw, migrations.RunPython.noop, elidable=True),)
