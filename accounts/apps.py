"""People, their ways in, and the taking away of access."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import revocation

        revocation.watch_credentials()
