"""Links that let somebody into a room."""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


def new_invitation_token() -> str:
    return secrets.token_urlsafe(18)


class Invitation(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=32, unique=True, default=new_invitation_token, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    uses_left = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: any number.")

    objects: ClassVar[models.Manager["Invitation"]] = models.Manager()

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"invitation to {self.room_id}"

    @property
    def is_open(self) -> bool:
        return self.expires_at > timezone.now() and self.uses_left != 0
