"""People, their ways in, and the taking away of access."""

from django.apps import AppConfig
from django.core.checks import register


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts import adapter, checks, revocation

        register(checks.check_web_push)
        register(checks.check_public_url, deploy=True)
        revocation.watch_credentials()
        adapter.forget_failures_after_reset()
