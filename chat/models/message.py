"""Messages, and what people hang on them. A message's `seq` is its place forever; `change` is its newest state."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class Kind(models.TextChoices):
    TEXT = "text"
    JOIN = "join"
    LEAVE = "leave"
    RENAME = "rename"
    TOPIC = "topic"
    ARCHIVE = "archive"
    RESTORE = "restore"
    OWNER = "owner"


class Message(models.Model):
    # Each index costs every message that is stored: the foreign keys have none of their own, see Meta.
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="messages", db_index=False)
    seq = models.BigIntegerField()
    change = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.TEXT)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="messages", db_index=False
    )
    content = models.TextField(blank=True)
    html = models.TextField(blank=True)
    client_id = models.CharField(max_length=64, null=True, blank=True)
    # What was first asked for under the client id: an edit must not make a late resend look like another message.
    client_digest = models.BinaryField(max_length=16, null=True, editable=False)
    reply_to = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # Of Claude's replies: the version that is shown, and how many there are.
    shown = models.ForeignKey(
        "chat.Reply", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    version_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    objects: ClassVar[models.Manager["Message"]] = models.Manager()

    class Meta:
        ordering = ("room", "seq")
        constraints = (
            # A room's messages are found by this one, a person's by the last.
            models.UniqueConstraint(fields=("room", "seq"), name="one_message_per_seq"),
            models.UniqueConstraint(fields=("room", "change"), name="one_row_per_change"),
            # Idempotent sending rests on this, not on a look-up that two connections could both pass.
            models.UniqueConstraint(fields=("author", "client_id"), name="one_message_per_client_id"),
        )
        indexes = (
            # Unread counts read only what counts, so they do not slow down as tombstones and notices pile up; and they
            # need not look at the rows: SQLite does not see that its condition has settled the last two.
            models.Index(
                fields=("room", "seq", "author", "kind", "deleted_at"),
                name="countable_messages",
                condition=models.Q(kind="text", deleted_at__isnull=True),
            ),
            # Without these, deleting one message, reply or person would read the whole table for what points to it.
            models.Index(fields=("reply_to",), name="replies_to_messages", condition=models.Q(reply_to__isnull=False)),
            models.Index(fields=("shown",), name="messages_by_shown_reply", condition=models.Q(shown__isnull=False)),
            models.Index(
                fields=("deleted_by",), name="messages_by_deleter", condition=models.Q(deleted_by__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return f"{self.room_id}/{self.seq}"


class Mention(models.Model):
    """A person named in a message. Keeps room and seq, so that counting them needs no join."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="mentions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mentions")
    room = models.ForeignKey("chat.Room", on_delete=models.CASCADE, related_name="+")
    seq = models.BigIntegerField()

    objects: ClassVar[models.Manager["Mention"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("message", "user"), name="one_mention_per_person"),)
        indexes = (models.Index(fields=("user", "room", "seq"), name="mentions_by_reader"),)

    def __str__(self) -> str:
        return f"{self.user_id} in {self.message_id}"


class Reaction(models.Model):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="reactions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    emoji = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Reaction"]] = models.Manager()

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint(fields=("message", "user", "emoji"), name="one_reaction_of_a_kind"),)

    def __str__(self) -> str:
        return f"{self.emoji} on {self.message_id}"
