"""Socket tickets: sealed, for a minute, once."""

import base64
from typing import Any

import pytest
import time_machine
from django.core.cache import caches

from accounts import tickets
from accounts.credentials import Credential

CREDENTIAL = Credential(7, "alice", "session", "the-session-key-of-alice")


@pytest.fixture
def rotate(settings: Any) -> Any:
    """Return a function that changes the secret keys as a restart of the server does."""

    def change(key: str, fallbacks: list[str]) -> None:
        settings.SECRET_KEY = key
        settings.SECRET_KEY_FALLBACKS = fallbacks
        tickets._box.cache_clear()

    return change


def test_a_ticket_gives_back_its_credential() -> None:
    opened = tickets.unseal(tickets.issue(CREDENTIAL))
    assert opened is not None
    assert opened[1] == CREDENTIAL


def test_every_ticket_has_a_nonce_of_its_own() -> None:
    nonces = {opened[0] for _ in range(20) if (opened := tickets.unseal(tickets.issue(CREDENTIAL)))}
    assert len(nonces) == 20


def test_a_ticket_does_not_show_what_it_carries() -> None:
    ticket = tickets.issue(CREDENTIAL)
    decoded = base64.urlsafe_b64decode(ticket)
    assert CREDENTIAL.key.encode() not in decoded
    assert b"alice" not in decoded


def test_a_ticket_fits_into_a_url() -> None:
    ticket = tickets.issue(CREDENTIAL)
    assert ticket.rstrip("=").replace("-", "").replace("_", "").isalnum()
    assert len(ticket) < 400


@pytest.mark.parametrize("seconds", [0, 59])
def test_a_ticket_holds_for_a_minute(seconds: int) -> None:
    with time_machine.travel("2026-11-23 12:00:00 +00:00", tick=False) as clock:
        ticket = tickets.issue(CREDENTIAL)
        clock.shift(seconds)
        assert tickets.unseal(ticket) is not None


def test_a_ticket_is_too_late_after_a_minute() -> None:
    with time_machine.travel("2026-11-23 12:00:00 +00:00", tick=False) as clock:
        ticket = tickets.issue(CREDENTIAL)
        clock.shift(61)
        assert tickets.unseal(ticket) is None


@pytest.mark.parametrize(
    "forged",
    ["", "x", "a" * 300, "é", "\ud800", "gAAAAAB", "null", "eyJhbGciOiJub25lIn0.e30.", "%00", "\x00", "=" * 64],
)
def test_what_is_no_ticket_is_refused(forged: str) -> None:
    assert tickets.unseal(forged) is None


def test_a_ticket_with_one_changed_bit_is_refused() -> None:
    sealed = base64.urlsafe_b64decode(tickets.issue(CREDENTIAL))
    for at in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[at] ^= 1
        assert tickets.unseal(base64.urlsafe_b64encode(damaged).decode()) is None, at


def test_a_cut_ticket_is_refused() -> None:
    ticket = tickets.issue(CREDENTIAL)
    assert all(tickets.unseal(ticket[:length]) is None for length in range(len(ticket) - 2))


def test_a_ticket_sealed_with_another_secret_key_is_refused(rotate: Any) -> None:
    ticket = tickets.issue(CREDENTIAL)
    rotate("another key, which is long enough for anything at all", [])
    assert tickets.unseal(ticket) is None


def test_a_ticket_sealed_with_a_fallback_key_is_taken_and_new_ones_are_sealed_with_the_first(
    rotate: Any, settings: Any
) -> None:
    old, new = settings.SECRET_KEY, "the key after the rotation, long enough for anything"
    before = tickets.issue(CREDENTIAL)
    rotate(new, [old])
    assert tickets.unseal(before) is not None
    after = tickets.issue(CREDENTIAL)
    rotate(new, [])
    assert tickets.unseal(after) is not None
    assert tickets.unseal(before) is None


def test_a_nonce_is_spent_once_in_a_process() -> None:
    nonce, _ = tickets.unseal(tickets.issue(CREDENTIAL)) or ("", None)
    assert tickets.spend_here(nonce)
    assert not tickets.spend_here(nonce)


def test_a_nonce_is_spent_once_for_all_processes() -> None:
    assert tickets.spend_everywhere("nonce-1")
    assert not tickets.spend_everywhere("nonce-1")
    assert tickets.spend_everywhere("nonce-2")


def test_a_spent_nonce_is_remembered_for_longer_than_a_ticket_can_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("accounts.tickets.time.monotonic", lambda: now)
    used = tickets._UsedHere()
    assert used.add("nonce", 120)
    now += 119
    assert not used.add("nonce", 120)
    now += 2
    assert used.add("nonce", 120)


def test_forgetting_keeps_the_memory_of_spent_nonces_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.tickets._USED_REMEMBERED_AT_MOST", 100)
    used = tickets._UsedHere()
    assert all(used.add(str(number), 120) for number in range(1000))
    assert len(used._until) <= 101
    assert not used.add("999", 120)


def test_an_unreachable_shared_store_does_not_keep_people_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(caches["default"], "add", fail)
    assert tickets.spend_everywhere("nonce-3")
