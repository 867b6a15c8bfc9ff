"""Who is in a room, as what, and how far they have read."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts import bans


class Role(models.TextChoices):
    OWNER = "owner"
    MODERATOR = "moderator"
    MEMBER = "member"

    @property
    def rank(self) -> int:
        return (Role.MEMBER, Role.MODERATOR, Role.OWNER).index(self)


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> "MembershipQuerySet":
        """Memberships of people who may use Parley at all."""
        return self.filter(bans.active("user"))

    def lasting(self) -> "MembershipQuerySet":
        """Memberships of people who may use Parley, or may again once a ban has ended. `User.is_gone` is the opposite."""
        return self.filter(bans.lasting("user"))

    def moderating(self) -> "MembershipQuerySet":
        """Memberships of active people who moderate their room."""
        return self.active().filter(role__in=[role for role in Role if role.rank >= Role.MODERATOR.rank])


class Membership(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=9, choices=Role, default=Role.MEMBER)
    muted = models.BooleanField(default=False)
    last_read_seq = models.BigIntegerField(default=0)
    joined_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[MembershipQuerySet] = MembershipQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        constraints = (models.UniqueConstraint(fields=("room", "user"), name="one_membership_per_person"),)

    def __str__(self) -> str:
        return f"{self.user} in {self.room} as {self.role}"
