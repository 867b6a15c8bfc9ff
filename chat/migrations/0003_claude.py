"""Claude: replies, their bill, and what a room says of it."""

from importlib import import_module

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

search = import_module("chat.migrations.0002_search")


def without_triggers(_apps, editor):
    """SQLite adds a column by copying the table, and the copy has no triggers: search would stand still."""
    if editor.connection.vendor == "sqlite":
        search.backwards(_apps, editor)


def with_triggers(_apps, editor):
    if editor.connection.vendor == "sqlite":
        search.forwards(_apps, editor)


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0002_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(without_triggers, with_triggers),
        migrations.CreateModel(
            name="RoomSummary",
            fields=[
                (
                    "room",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="summary",
                        serialize=False,
                        to="chat.room",
                    ),
                ),
                ("upto_seq", models.BigIntegerField(default=0)),
                ("text", models.TextField(blank=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "verbose_name_plural": "room summaries",
            },
        ),
        migrations.AddField(
            model_name="message",
            name="version_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="room",
            name="claude_every_message",
            field=models.BooleanField(
                default=True,
                help_text="In sessions. If off, it replies when it is mentioned.",
                verbose_name="Claude replies to every message",
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="claude_instructions",
            field=models.TextField(
                blank=True,
                help_text="What Claude is told about this room.",
                max_length=4000,
                verbose_name="instructions for Claude",
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="claude_model",
            field=models.CharField(
                blank=True, help_text="Empty: CLAUDE_MODEL.", max_length=80, verbose_name="Claude's model"
            ),
        ),
        migrations.AddField(
            model_name="room",
            name="claude_tools",
            field=models.JSONField(blank=True, default=list, verbose_name="Claude's tools"),
        ),
        migrations.CreateModel(
            name="Reply",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prompt_content", models.TextField(blank=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("complete", "Complete"),
                            ("stopped", "Stopped"),
                            ("interrupted", "Interrupted"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=11,
                    ),
                ),
                ("change", models.BigIntegerField()),
                ("requester", models.CharField(blank=True, max_length=32)),
                ("request_id", models.CharField(blank=True, max_length=400)),
                ("model", models.CharField(max_length=80)),
                ("text", models.TextField(blank=True)),
                ("thinking", models.TextField(blank=True)),
                ("tools", models.JSONField(blank=True, default=list)),
                ("n", models.BigIntegerField(default=0)),
                ("context_from", models.BigIntegerField(blank=True, null=True)),
                ("has_summary", models.BooleanField(default=False)),
                ("attempt", models.PositiveIntegerField(default=1)),
                ("stop_reason", models.CharField(blank=True, max_length=40)),
                ("error", models.CharField(blank=True, help_text="What the members see.", max_length=200)),
                ("error_detail", models.TextField(blank=True, help_text="What the administrators see.")),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                ("cache_creation_input_tokens", models.BigIntegerField(default=0)),
                ("cache_read_input_tokens", models.BigIntegerField(default=0)),
                ("cost_microusd", models.BigIntegerField(default=0)),
                ("owner", models.CharField(blank=True, max_length=32)),
                ("epoch", models.PositiveIntegerField(default=0)),
                ("lease_expires_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "message",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="versions", to="chat.message"
                    ),
                ),
                (
                    "prompt",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="answers",
                        to="chat.message",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="replies", to="chat.room"
                    ),
                ),
                (
                    "stopped_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "replies",
                "ordering": ("-pk",),
            },
        ),
        migrations.CreateModel(
            name="Charge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("attempt", models.PositiveIntegerField(default=1)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("reply", "reply"), ("summary", "summary")], default="reply", max_length=8
                    ),
                ),
                ("model", models.CharField(max_length=80)),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("settled", "Settled"), ("released", "Released")],
                        default="open",
                        max_length=8,
                    ),
                ),
                ("reserved_microusd", models.BigIntegerField(default=0)),
                ("cost_microusd", models.BigIntegerField(default=0)),
                ("input_tokens", models.BigIntegerField(default=0)),
                ("output_tokens", models.BigIntegerField(default=0)),
                ("cache_creation_input_tokens", models.BigIntegerField(default=0)),
                ("cache_read_input_tokens", models.BigIntegerField(default=0)),
                ("day", models.DateField(help_text="The day, in UTC, on which it counts against the limits.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "room",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="chat.room"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "reply",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="charges",
                        to="chat.reply",
                    ),
                ),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddField(
            model_name="message",
            name="shown",
            field=models.ForeignKey(
                blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="chat.reply"
            ),
        ),
        migrations.CreateModel(
            name="Spending",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=40)),
                ("period", models.CharField(max_length=10)),
                ("reserved_microusd", models.BigIntegerField(default=0)),
                ("spent_microusd", models.BigIntegerField(default=0)),
            ],
            options={
                "verbose_name_plural": "spending",
                "constraints": [models.UniqueConstraint(fields=("subject", "period"), name="one_spending_per_period")],
            },
        ),
        migrations.AddIndex(
            model_name="reply",
            index=models.Index(
                condition=models.Q(("state__in", ("queued", "running"))), fields=["id"], name="open_replies"
            ),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.UniqueConstraint(fields=("message", "version"), name="one_reply_per_version"),
        ),
        migrations.AddConstraint(
            model_name="reply",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")), fields=("room",), name="one_running_reply_per_room"
            ),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["day"], name="charges_by_day"),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["user", "day"], name="charges_by_user"),
        ),
        migrations.AddIndex(
            model_name="charge",
            index=models.Index(fields=["room", "day"], name="charges_by_room"),
        ),
        migrations.AddConstraint(
            model_name="charge",
            constraint=models.UniqueConstraint(fields=("reply", "attempt", "purpose"), name="one_charge_per_attempt"),
        ),
        migrations.RunPython(with_triggers, without_triggers),
    ]
