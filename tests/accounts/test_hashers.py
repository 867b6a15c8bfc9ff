"""Hashing passwords: as Django does it, and never two at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, identify_hasher, make_password

from accounts.hashers import SerialArgon2PasswordHasher
from config import settings as production

SECRET = "correct horse battery"


def test_a_password_is_known_again_by_this_hasher_and_by_djangos_own(settings: Any) -> None:
    settings.PASSWORD_HASHERS = production.PASSWORD_HASHERS  # tests have a quicker one
    encoded = make_password(SECRET)
    assert isinstance(identify_hasher(encoded), SerialArgon2PasswordHasher)
    assert check_password(SECRET, encoded) and not check_password(SECRET + " ", encoded)
    assert Argon2PasswordHasher().verify(SECRET, encoded)


@pytest.mark.parametrize("what", ["encode", "verify"])
def test_two_are_never_worked_on_at_once(what: str) -> None:
    at_work: list[int] = []
    most = 0

    def slow(_self: object, *_args: str) -> str:
        nonlocal most
        at_work.append(1)
        most = max(most, len(at_work))
        time.sleep(0.02)
        at_work.pop()
        return ""

    with mock.patch.object(Argon2PasswordHasher, what, slow), ThreadPoolExecutor(8) as threads:
        hasher = SerialArgon2PasswordHasher()
        list(threads.map(lambda _: getattr(hasher, what)("a", "b"), range(8)))
    assert most == 1
