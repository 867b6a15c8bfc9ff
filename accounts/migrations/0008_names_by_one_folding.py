"""People are looked for by their names as messages are by their words: another form of them is stored."""

from django.db import migrations

from accounts.search_name import renewed


class Migration(migrations.Migration):
    dependencies = (("accounts", "0007_time_zones"),)
    operations = (
        migrations.RunPython(
            renewed("accounts", "User", "username", "display_name"), migrations.RunPython.noop, elidable=True
        ),
    )
