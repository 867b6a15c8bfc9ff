"""Files in messages. A table of its own: nothing is added to chat_message, which SQLite would copy without triggers."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import chat.models.attachment


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0003_claude"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=chat.models.attachment.new_public_id, editable=False, max_length=32, unique=True
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, help_text="Its place in the message.")),
                ("name", models.CharField(max_length=120)),
                ("content_type", models.CharField(help_text="Decided by what is in the file.", max_length=60)),
                ("size", models.BigIntegerField(help_text="Bytes.")),
                ("width", models.PositiveIntegerField(blank=True, null=True)),
                ("height", models.PositiveIntegerField(blank=True, null=True)),
                ("file", models.FileField(default=chat.models.attachment.new_file_name, editable=False, upload_to="")),
                ("preview", models.FileField(blank=True, editable=False, upload_to="")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "message",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="attachments",
                        to="chat.message",
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="attachments",
                        to="chat.room",
                    ),
                ),
                (
                    "uploader",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ("position", "pk"),
                "indexes": [
                    models.Index(
                        condition=models.Q(("message__isnull", True)),
                        fields=["created_at"],
                        name="unposted_attachments",
                    )
                ],
            },
        ),
    ]
