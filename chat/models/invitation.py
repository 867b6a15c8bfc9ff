"""Links that let people into a room."""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from chat.models.membership import Membership


def new_invitation_token() -> str:
    return secrets.token_urlsafe(18)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def good(self) -> "InvitationQuerySet":
        """Links that let people in now. Asked for at each use: a link has no more rights than its maker has by then."""
        maker = Membership.objects.moderating().filter(room=models.OuterRef("room"), user=models.OuterRef("created_by"))
        unused = self.filter(expires_at__gt=timezone.now(), room__archived_at=None).exclude(uses_left=0)
        return unused.filter(models.Exists(maker))


class Invitation(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="invitations")
    token = models.CharField(max_length=32, unique=True, default=new_invitation_token, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()
    uses_left = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: any number.")

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"invitation to {self.room_id}"
