"""Sending to a push service that is really there: what it sees, what only the browser reads, and what its responses mean."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import http_ece
import pytest
from py_vapid import Vapid02
from structlog.testing import capture_logs

from accounts import vapid
from chat.lifetime import part
from chat.people import sender
from chat.people.notification import Place, Push
from chat.people.sender import Outcome, send
from tests.accounts.browsers import Keys, new_browser
from tests.servers.push_service import PushService, push_service

TEXT = "Grüße aus dem Hafen, um 9 🌊"


@pytest.fixture
def service(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    part(sender.LeftAlone).clear()
    with push_service(tmp_path) as running:
        for name, value in running.settings(vapid.new_private_key()).items():
            if name in ("REQUESTS_CA_BUNDLE", "NO_PROXY"):
                monkeypatch.setenv(name, value)
            else:
                setattr(settings, name, value)
        settings.PUSH_SERVICES = [running.name]
        yield running


def push_to(origin: str, path: str = "/bobs-browser") -> tuple[Push, Keys]:
    browser, keys = new_browser(origin + path)
    text = json.dumps({"body": TEXT}, ensure_ascii=False)
    return Push(1, Place(2, "harbour"), browser.endpoint, browser.p256dh, browser.auth, text, "topic"), keys


def test_only_the_browser_can_read_what_the_service_passes_on(service: PushService) -> None:
    push, keys = push_to(service.origin)
    assert send(push) is Outcome.DELIVERED
    (received,) = service.received
    assert received.read_by(keys) == {"body": TEXT}
    assert TEXT.encode() not in received.body
    assert "harbour" not in repr(received)
    shown = {name: received.headers[name] for name in ("ttl", "topic", "urgency", "content-encoding")}
    assert shown == {"ttl": "86400", "topic": "topic", "urgency": "normal", "content-encoding": "aes128gcm"}
    _, stranger = new_browser(service.origin)
    with pytest.raises(http_ece.ECEException):
        received.read_by(stranger)


def test_the_service_can_tell_that_it_is_us(service: PushService, settings: Any) -> None:
    assert send(push_to(service.origin)[0]) is Outcome.DELIVERED
    (received,) = service.received
    assert Vapid02.verify(received.headers["authorization"])
    scheme, _, fields = received.headers["authorization"].partition(" ")
    parts = dict(field.strip().split("=", 1) for field in fields.split(","))
    assert (scheme, parts["k"]) == ("vapid", vapid.public_key_of(settings.VAPID_PRIVATE_KEY))
    claims = json.loads(vapid.from_base64url(parts["t"].split(".")[1]))
    assert (claims["aud"], claims["sub"]) == (service.origin, settings.VAPID_SUBJECT)
    assert time.time() < claims["exp"] <= time.time() + 86_400


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.DELIVERED),
        (202, Outcome.DELIVERED),
        (404, Outcome.GONE),
        (410, Outcome.GONE),
        (400, Outcome.FAILED),
        (403, Outcome.FAILED),
        (429, Outcome.FAILED),
        (500, Outcome.FAILED),
    ],
)
def test_a_response_says_whether_the_browser_is_still_there(
    service: PushService, status: int, outcome: Outcome
) -> None:
    service.statuses["/bobs-browser"] = status
    with capture_logs() as lines:
        assert send(push_to(service.origin)[0]) is outcome
    assert [line["status"] for line in lines] == ([status] if outcome is Outcome.FAILED else [])
    assert "bobs-browser" not in repr(lines)
    assert TEXT not in repr(lines)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_service_cannot_send_us_elsewhere(service: PushService, status: int) -> None:
    service.statuses["/bobs-browser"] = status
    assert send(push_to(service.origin)[0]) is Outcome.FAILED
    assert [each.path for each in service.received] == ["/bobs-browser"]


def test_a_service_that_does_not_respond_is_given_up(service: PushService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "_READ_SECONDS", 0.2)
    service.delays["/bobs-browser"] = 5
    with capture_logs() as lines:
        assert send(push_to(service.origin)[0]) is Outcome.FAILED
    assert [line["error"] for line in lines] == ["ReadTimeout"]


def test_a_service_that_could_not_be_reached_is_left_alone_for_a_while_and_no_other(
    service: PushService, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sender, "_READ_SECONDS", 0.2)
        service.delays["/bobs-browser"] = 5
        assert send(push_to(service.origin)[0]) is Outcome.FAILED
    other = push_to(service.origin, "/carols-browser")[0]
    assert send(other) is Outcome.FAILED
    assert service.at("/carols-browser") == []
    with push_service(tmp_path / "another") as another:
        settings.PUSH_SERVICES = [service.name, another.name]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(another.authority))
        assert send(push_to(another.origin)[0]) is Outcome.DELIVERED
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(service.authority))
    part(sender.LeftAlone)[service.name] = time.monotonic() - 1
    assert send(other) is Outcome.DELIVERED


@pytest.mark.parametrize("status", [400, 429, 500])
def test_a_service_that_responds_is_asked_for_the_next_browser(service: PushService, status: int) -> None:
    service.statuses["/bobs-browser"] = status
    assert send(push_to(service.origin)[0]) is Outcome.FAILED
    assert send(push_to(service.origin, "/carols-browser")[0]) is Outcome.DELIVERED


def test_a_service_whose_certificate_is_nobody_s_gets_nothing(
    service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert send(push_to(service.origin)[0]) is Outcome.FAILED
    assert service.received == []


def test_a_service_that_is_not_allowed_any_more_is_not_asked(service: PushService, settings: Any) -> None:
    settings.PUSH_SERVICES = ["fcm.googleapis.com"]
    assert send(push_to(service.origin)[0]) is Outcome.GONE
    assert service.received == []


def test_a_key_that_cannot_be_encrypted_for_is_a_failure_and_no_more(service: PushService) -> None:
    push, _ = push_to(service.origin)
    assert send(push) is Outcome.DELIVERED
    off_the_curve = vapid.to_base64url(b"\x04" + bytes(64))
    assert send(push._replace(p256dh=off_the_curve)) is Outcome.FAILED
    assert send(push) is Outcome.DELIVERED, "the service is not to blame"
