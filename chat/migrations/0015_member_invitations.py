"""Strangers invite people to rooms, and refusals are remembered."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("chat", "0014_turns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MemberInvitation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("moderator", "Moderator"), ("member", "Member")],
                        default="member",
                        max_length=9,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("declined", "Declined"), ("left", "Left")],
                        default="pending",
                        max_length=8,
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(default=django.utils.timezone.now, help_text="When it came into its state."),
                ),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "room",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="member_invitations", to="chat.room"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "invitation to a person",
                "verbose_name_plural": "invitations to people",
                "constraints": [
                    models.UniqueConstraint(fields=("room", "user"), name="one_invitation_per_person_and_room")
                ],
            },
        ),
    ]
