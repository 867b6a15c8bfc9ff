"""Files that Anthropic keeps for a while, so that calls only name them."""

from typing import ClassVar

from django.db import models


class SentFile(models.Model):
    """A file as it was uploaded for one account. Without an attachment, it is still to be deleted there.

    account: a name for the address and the key with which it was uploaded. file_id: empty while it is being uploaded.
    """

    attachment = models.ForeignKey("chat.Attachment", on_delete=models.SET_NULL, null=True, related_name="sent")
    account = models.CharField(max_length=64)
    file_id = models.CharField(max_length=200, blank=True, default="")
    size = models.BigIntegerField(help_text="Bytes.")
    claimed_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager["SentFile"]] = models.Manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("attachment", "account"), name="sent_once_for_an_account"),)

    def __str__(self) -> str:
        return f"file {self.file_id or 'to come'} of attachment {self.attachment_id}"
