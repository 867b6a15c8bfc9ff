"""Invitations to one person: what adding a stranger makes instead of a membership, and what is remembered of a refusal."""

from datetime import timedelta
from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.utils import timezone

from chat.models.membership import Membership, Role

PENDING_FOR: Final = timedelta(days=30)
DECLINED_FOR: Final = timedelta(days=7)


class InvitationState(models.TextChoices):
    PENDING = "pending"
    DECLINED = "declined"
    # The person was a member and left, or the invitation was withdrawn: the room asks before it has them (again).
    LEFT = "left"


class MemberInvitationQuerySet(models.QuerySet["MemberInvitation"]):
    def pending(self) -> "MemberInvitationQuerySet":
        """Those that may be accepted now: the room is in use, and the person who invites still moderates it."""
        moderating = Membership.objects.moderating()
        moderates = moderating.filter(room=models.OuterRef("room"), user=models.OuterRef("invited_by"))
        newer = timezone.now() - PENDING_FOR
        found = self.filter(state=InvitationState.PENDING, at__gt=newer, room__archived_at=None)
        return found.filter(models.Exists(moderates))

    def declined_lately(self) -> "MemberInvitationQuerySet":
        return self.filter(state=InvitationState.DECLINED, at__gt=timezone.now() - DECLINED_FOR)


class MemberInvitation(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="member_invitations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    role = models.CharField(max_length=9, choices=Role, default=Role.MEMBER)
    state = models.CharField(max_length=8, choices=InvitationState, default=InvitationState.PENDING)
    at = models.DateTimeField(default=timezone.now, help_text="When it came into its state.")

    objects: ClassVar[MemberInvitationQuerySet] = MemberInvitationQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "invitation to a person"
        verbose_name_plural = "invitations to people"
        constraints = (models.UniqueConstraint(fields=("room", "user"), name="one_invitation_per_person_and_room"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.room_id}: {self.state}"
