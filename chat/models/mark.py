"""The mark by which the processes recognise the database: one row that moves on with the history."""

import secrets

from django.db import models


def new_token() -> str:
    return secrets.token_urlsafe(12)


class HistoryMark(models.Model):
    """Its `number` only rises, so a database that was put back shows an earlier one than the processes remember.

    `token` tells two histories of one number apart. `renewals` counts how often all epochs were renewed.
    """

    number = models.BigIntegerField(default=1, editable=False)
    token = models.CharField(max_length=16, default=new_token, editable=False)
    renewals = models.BigIntegerField(default=0, editable=False)

    def __str__(self) -> str:
        return f"{self.number} {self.token}"
