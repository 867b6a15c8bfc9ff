"""Unsent text, the same in every tab. A session has one draft for all its members: its `user` is null."""

from typing import ClassVar

from django.conf import settings
from django.db import models


class Draft(models.Model):
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="drafts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    content = models.TextField(blank=True)
    version = models.BigIntegerField(default=0)
    # Who wrote a session's draft last: the others see whose words stand in their composers.
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["Draft"]] = models.Manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("room", "user"), name="one_draft_per_person"),
            models.UniqueConstraint(fields=("room",), condition=models.Q(user__isnull=True), name="one_shared_draft"),
        )

    def __str__(self) -> str:
        return f"draft of {self.user_id} in {self.room_id}"
