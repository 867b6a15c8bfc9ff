"""What Claude's tools have found: kept so that it still knows in later turns, and never shown to people."""

from typing import ClassVar

from django.db import models


class Finding(models.Model):
    """One use of a tool by a reply, and what it brought.

    attempt, round: uses of the same round were asked for in one turn.
    at: how many characters the reply had said before; until: how many before the results.
    content: empty once it is forgotten, because a message that it quotes has changed or is gone.
    tokens: what the content is taken for. quoted: the messages whose words are in it.
    """

    reply = models.ForeignKey("chat.Reply", on_delete=models.CASCADE, related_name="findings")
    attempt = models.PositiveIntegerField()
    round = models.PositiveSmallIntegerField()
    at = models.PositiveIntegerField()
    until = models.PositiveIntegerField()
    name = models.CharField(max_length=40)
    input = models.JSONField(default=dict)
    content = models.TextField(blank=True)
    is_error = models.BooleanField(default=False)
    tokens = models.PositiveIntegerField(default=0)
    quoted = models.ManyToManyField("chat.Message", related_name="+")

    objects: ClassVar[models.Manager["Finding"]] = models.Manager()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.name} for {self.reply_id}"
