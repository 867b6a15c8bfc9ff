"""Has every tab read its rooms again: after a database was put back, or changed by hand, in a way that nothing notices."""

from typing import Any

from django.core.management.base import BaseCommand

from chat.server import restoring


class Command(BaseCommand):
    help = "Renews the epochs of all rooms. Clients then read each room's newest page, whatever cursor they have."

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(f"Renewed the epochs of {restoring.renew()} rooms.")
