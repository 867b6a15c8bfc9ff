"""People that a room keeps out. A ban ends a membership, so no one is a member and banned at the same time."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts import bans


class RoomBanQuerySet(models.QuerySet["RoomBan"]):
    def in_force(self) -> "RoomBanQuerySet":
        return self.filter(bans.in_force("ends_at"))


class RoomBan(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="bans")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="room_bans")
    reason = models.CharField(
        max_length=bans.REASON_CHARS, blank=True, help_text="The banned person and the moderators read it."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Empty: the ban has no end.")

    objects: ClassVar[RoomBanQuerySet] = RoomBanQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = "ban from a room"
        verbose_name_plural = "bans from rooms"
        constraints = (models.UniqueConstraint(fields=("room", "user"), name="one_ban_per_person_and_room"),)

    def __str__(self) -> str:
        return f"{self.user} banned from {self.room}"

    @property
    def is_in_force(self) -> bool:
        return not bans.has_ended(self.ends_at)

    @property
    def sentence(self) -> str:
        """What the banned person is told."""
        return bans.sentence("this room", self.ends_at, self.reason)
