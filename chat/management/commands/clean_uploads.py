"""Removes the files that were uploaded and never posted. Server processes do this on their own once a day."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.files import attachments


class Command(BaseCommand):
    help = "Removes uploaded files that have been without a message for a day."

    def handle(self, *_args: Any, **_options: Any) -> None:
        removed = 0
        while some := attachments.clean():
            removed += some
        self.stdout.write(f"Removed {removed} attachments.")
