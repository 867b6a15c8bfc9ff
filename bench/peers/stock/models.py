from typing import ClassVar

from django.db import models


class Message(models.Model):
    room = models.CharField(max_length=50, db_index=True)
    author = models.CharField(max_length=150)
    content = models.TextField()
    client_id = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Message"]] = models.Manager()

    class Meta:
        app_label = "stock"

    def __str__(self) -> str:
        return self.content
