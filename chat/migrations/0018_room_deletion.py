"""Rooms that are to be deleted, and the notice of a restored room."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0017_room_for_answers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="room",
            name="deletes_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("text", "Text"),
                    ("join", "Join"),
                    ("leave", "Leave"),
                    ("rename", "Rename"),
                    ("topic", "Topic"),
                    ("archive", "Archive"),
                    ("restore", "Restore"),
                ],
                default="text",
                max_length=8,
            ),
        ),
        migrations.AddIndex(
            model_name="room",
            index=models.Index(
                condition=models.Q(("deletes_at__isnull", False)), fields=["deletes_at"], name="rooms_to_delete"
            ),
        ),
    ]
