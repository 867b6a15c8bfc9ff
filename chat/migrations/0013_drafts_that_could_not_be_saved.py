"""Free the drafts whose version a client has set so high that no other save could follow."""

from django.db import migrations

# Versions are counted, or milliseconds since the epoch: this is the year 2100.
TOO_HIGH = 4_102_444_800_000


def free(apps, schema_editor):
    apps.get_model("chat", "Draft").objects.filter(version__gt=TOO_HIGH).update(version=1)


class Migration(migrations.Migration):
    dependencies = [("chat", "0012_room_search_name")]

    operations = [migrations.RunPython(free, migrations.RunPython.noop)]
