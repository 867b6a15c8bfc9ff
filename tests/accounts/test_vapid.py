"""The key of web push: how it is made, what is no key, and what the operator is told."""

from io import StringIO
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command
from py_vapid import Vapid02

from accounts import vapid
from accounts.checks import check_web_push

SUBJECT = "mailto:admin@chat.example"


@pytest.fixture
def keyed(settings: Any) -> Any:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = vapid.new_private_key(), SUBJECT
    return settings


def told() -> list[str | None]:
    return [message.id for message in check_web_push()]


def test_the_command_prints_a_line_for_the_settings_and_nothing_else() -> None:
    out, err = StringIO(), StringIO()
    call_command("vapid_keys", stdout=out, stderr=err)
    name, _, key = out.getvalue().strip().partition("=")
    assert (name, out.getvalue().count("\n"), err.getvalue()) == ("VAPID_PRIVATE_KEY", 1, "")
    assert vapid.public_key_of(key)
    assert key != vapid.new_private_key()


def test_the_public_half_is_what_the_library_signs_with() -> None:
    key = vapid.new_private_key()
    theirs = Vapid02.from_string(key).public_key
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), vapid.from_base64url(vapid.public_key_of(key)))
    assert point.public_numbers() == theirs.public_numbers()


@pytest.mark.parametrize(
    "text", ["no key", "AAAA", "A" * 43, "_" * 43, "ä" * 43, vapid.to_base64url(b"1" * 33)], ids=range(6)
)
def test_what_is_no_key_is_told_and_turns_web_push_off(keyed: Any, text: str) -> None:
    keyed.VAPID_PRIVATE_KEY = text
    assert vapid.offered_key() is None
    assert told() == ["accounts.E002"]


def test_without_a_key_web_push_is_off_and_all_is_well(settings: Any) -> None:
    settings.VAPID_PRIVATE_KEY = ""
    assert vapid.offered_key() is None
    assert told() == []


def test_with_a_key_and_a_subject_it_is_offered(keyed: Any) -> None:
    assert vapid.offered_key() == vapid.public_key_of(keyed.VAPID_PRIVATE_KEY)
    assert told() == []


@pytest.mark.parametrize("subject", ["", "admin@chat.example", "http://chat.example", "mailto:"])
def test_push_services_must_have_somebody_to_ask(keyed: Any, subject: str) -> None:
    keyed.VAPID_SUBJECT = subject
    assert vapid.offered_key() is None
    assert told() == ["accounts.E003"]


def test_without_the_library_it_is_off_and_the_operator_is_told(keyed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    vapid.is_installed.cache_clear()
    monkeypatch.setattr(vapid, "find_spec", lambda name: None)
    try:
        assert vapid.offered_key() is None
        assert told() == ["accounts.E001"]
    finally:
        vapid.is_installed.cache_clear()


def test_the_operator_is_never_shown_the_key(keyed: Any) -> None:
    keyed.VAPID_PRIVATE_KEY, keyed.VAPID_SUBJECT = "secret-but-wrong", ""
    assert "secret-but-wrong" not in repr(check_web_push())
