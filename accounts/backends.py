"""Who a session or a password lets in: not the deactivated, and not the banned while their ban is in force."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend


class AuthenticationBackend(AllauthBackend):
    """Asked at each request of a session, too, so that a ban needs no session to be found and deleted."""

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(super().user_can_authenticate(user)) and not user.is_banned
