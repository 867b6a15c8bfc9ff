"""Argon2, one password at a time, behind everything else.

Each takes 100 MB for a moment. Side by side, those of a flood of sign-ins would fill the memory, so they wait for one
thread. It runs at a low priority: Argon2 uses every core it finds, and pages and sockets must not slow down for it.
`config.admission` bounds how many requests wait, before they hold anything that others need.
"""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.contrib.auth.hashers import Argon2PasswordHasher

_NICENESS: Final = 5


def _step_back() -> None:
    if sys.platform.startswith("linux"):  # elsewhere it would slow down the whole process
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


class _Turn:
    """The one thread that hashes; its own in each process, since a fork takes no threads along."""

    def __init__(self) -> None:
        self.renew()
        os.register_at_fork(after_in_child=self.renew)

    def renew(self) -> None:
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="passwords", initializer=_step_back)


_turn: Final = _Turn()


class SerialArgon2PasswordHasher(Argon2PasswordHasher):
    """Makes and reads the same passwords as Django's own: `algorithm` is inherited."""

    def encode(self, password: str, salt: str) -> str:
        return _turn.thread.submit(super().encode, password, salt).result()

    def verify(self, password: str, encoded: str) -> bool:
        return _turn.thread.submit(super().verify, password, encoded).result()
