"""Makes the key of web push."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import vapid


class Command(BaseCommand):
    help = "Prints a fresh VAPID_PRIVATE_KEY as a line for .env, and nothing else. It is kept nowhere."
    requires_system_checks = ()  # it is what mends a key that they refuse

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"VAPID_PRIVATE_KEY={vapid.new_private_key()}")
