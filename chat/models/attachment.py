"""Files that people add to messages. The row is written before the file, so that no file is ever without a row."""

import secrets
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

NAME_CHARS = 120


def new_public_id() -> str:
    return secrets.token_urlsafe(18)


def new_file_name() -> str:
    """Return where a file is kept: a name that no one can guess, and that says nothing about the file."""
    name = secrets.token_hex(16)
    return f"attachments/{name[:2]}/{name}"


class Attachment(models.Model):
    """Of no one's message until it is posted; whatever still is, or is again, after a day is removed with its files."""

    public_id = models.CharField(max_length=32, unique=True, default=new_public_id, editable=False)
    room = models.ForeignKey("chat.Room", on_delete=models.SET_NULL, null=True, related_name="attachments")
    message = models.ForeignKey("chat.Message", on_delete=models.SET_NULL, null=True, related_name="attachments")
    position = models.PositiveSmallIntegerField(default=0, help_text="Its place in the message.")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=NAME_CHARS)
    content_type = models.CharField(max_length=100, help_text="Decided by what is in the file.")
    size = models.BigIntegerField(help_text="Bytes.")
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    file = models.FileField(max_length=100, default=new_file_name, editable=False)
    preview = models.FileField(max_length=100, blank=True, editable=False)
    for_model = models.FileField(
        max_length=100, blank=True, default="", db_default="", editable=False, help_text="What Claude is sent of it."
    )
    pages = models.PositiveIntegerField(null=True, blank=True, help_text="Of a PDF that has been looked at.")
    text_tokens = models.PositiveIntegerField(
        null=True, blank=True, help_text="What its text counts for Claude, once it was looked at."
    )
    densest_page = models.PositiveIntegerField(
        null=True, blank=True, help_text="What the text of a PDF's densest page counts for Claude."
    )
    unreadable = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="Why Claude can't read it, where that was found out.",
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager["Attachment"]] = models.Manager()

    class Meta:
        ordering = ("position", "pk")
        indexes = (
            models.Index(fields=("created_at",), name="unposted_attachments", condition=models.Q(message__isnull=True)),
        )

    def __str__(self) -> str:
        return f"attachment {self.pk}"

    @property
    def is_picture(self) -> bool:
        """Whether it was made again from pixels, so that it may be shown in a page."""
        return self.width is not None
