"""What Claude remembers of a room that no longer fits into its context."""

from typing import ClassVar

from django.db import models


class RoomSummary(models.Model):
    """Covers the room's messages up to and including `upto_seq`."""

    room = models.OneToOneField("chat.Room", on_delete=models.CASCADE, related_name="summary", primary_key=True)
    upto_seq = models.BigIntegerField(default=0)
    text = models.TextField(blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager["RoomSummary"]] = models.Manager()

    class Meta:
        verbose_name_plural = "room summaries"

    def __str__(self) -> str:
        return f"summary of {self.room_id} up to {self.upto_seq}"
