"""Rooms are looked for by their names as messages are by their words: another form of them is stored."""

from django.db import migrations

from accounts.search_name import renewed


class Migration(migrations.Migration):
    dependencies = (("chat", "0023_findings"), ("accounts", "0008_names_by_one_folding"))
    operations = (migrations.RunPython(renewed("chat", "Room", "name"), migrations.RunPython.noop, elidable=True),)
