"""People are looked for by a form of their names that both databases compare alike."""

from typing import Any

from django.db import migrations

from accounts.names import search_form
from accounts.search_name import SearchNameField

_AT_ONCE = 1000


def fill(apps: Any, _schema_editor: Any) -> None:
    users = apps.get_model("accounts", "User").objects
    after = 0
    while some := list(users.filter(pk__gt=after).order_by("pk").only("username", "display_name")[:_AT_ONCE]):
        for user in some:
            user.search_name = search_form(user.username, user.display_name)
        users.bulk_update(some, ["search_name"])
        after = some[-1].pk


class Migration(migrations.Migration):
    dependencies = (("accounts", "0002_push_subscription"),)
    operations = (
        migrations.AddField("user", "search_name", SearchNameField(of=("username", "display_name"))),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    )
