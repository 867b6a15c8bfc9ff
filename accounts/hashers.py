"""Argon2, one password at a time.

Each takes 100 MB for a moment, whoever sends it. Side by side, those of a flood of sign-ins would fill the memory long
before the throttles of each address and account bite; one after the other, they wait.
"""

from threading import Lock
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

_turn: Final = Lock()


class SerialArgon2PasswordHasher(Argon2PasswordHasher):
    """Makes and reads the same passwords as Django's own: `algorithm` is inherited."""

    def encode(self, password: str, salt: str) -> str:
        with _turn:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _turn:
            return super().verify(password, encoded)
