"""Rooms are looked for by a form of their name that both databases compare alike."""

from typing import Any

from django.db import migrations

from accounts.names import search_form
from accounts.search_name import SearchNameField

_AT_ONCE = 1000


def fill(apps: Any, _schema_editor: Any) -> None:
    rooms = apps.get_model("chat", "Room").objects
    after = 0
    while some := list(rooms.filter(pk__gt=after).order_by("pk").only("name")[:_AT_ONCE]):
        for room in some:
            room.search_name = search_form(room.name)
        rooms.bulk_update(some, ["search_name"])
        after = some[-1].pk


class Migration(migrations.Migration):
    dependencies = (("chat", "0011_room_ban"), ("accounts", "0003_search_name"))
    operations = (
        migrations.AddField("room", "search_name", SearchNameField(of=("name",))),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    )
