"""Asking to be told when away: who may, what is refused, and what a browser gets for it."""

import json
from typing import Any, Final

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from accounts import vapid
from accounts.models import ApiToken, PushSubscription
from chat.limits import rates
from tests.accounts.browsers import subscription
from tests.pages.conftest import Seat

# The views look into the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

URL: Final = "/api/push-subscription"
ENDPOINT: Final = "https://fcm.googleapis.com/fcm/send/abc:def"


@pytest.fixture(autouse=True)
def keyed(settings: Any) -> Any:
    settings.VAPID_PRIVATE_KEY, settings.VAPID_SUBJECT = vapid.new_private_key(), "mailto:admin@chat.example"
    rates.forget()
    yield settings
    rates.forget()


def ask(client: Client, shown: Any, **more: Any) -> Any:
    body = shown if isinstance(shown, (str, bytes)) else json.dumps(shown)
    return client.post(URL, body, content_type="application/json", **more)


def refusal(response: Any) -> tuple[int, str, str]:
    error = response.json()["error"]
    return response.status_code, error["code"], (error.get("details") or {}).get("path", "")


def changed(**changes: Any) -> dict[str, Any]:
    """Return a valid subscription but for these fields; those of `keys` by their own name."""
    shown: dict[str, Any] = subscription(ENDPOINT)[0]
    for name, value in changes.items():
        (shown["keys"] if name in ("p256dh", "auth") else shown)[name] = value
    return shown


def test_a_browser_asks_to_be_told_and_not_to_be(alice: Seat) -> None:
    shown, _ = subscription(ENDPOINT)
    assert ask(alice.client, shown).status_code == 204
    kept = PushSubscription.objects.get()
    assert (kept.user_id, kept.endpoint, kept.session_key) == (
        alice.user.pk,
        ENDPOINT,
        alice.client.session.session_key,
    )
    assert {"p256dh": kept.p256dh, "auth": kept.auth} == shown["keys"]
    assert alice.client.delete(URL).status_code == 204
    assert alice.client.delete(URL).status_code == 204
    assert not PushSubscription.objects.exists()


def test_one_person_s_no_is_not_another_s(alice: Seat, bob: Seat) -> None:
    ask(alice.client, changed())
    bob.client.delete(URL)
    assert PushSubscription.objects.get().user_id == alice.user.pk


def test_only_a_signed_in_browser_with_its_csrf_token_may_ask(alice: Seat) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice.user)
    assert refusal(ask(strict, changed()))[:2] == (403, "UNAUTHORIZED")
    assert refusal(strict.delete(URL))[:2] == (403, "UNAUTHORIZED")
    assert refusal(ask(Client(), changed()))[:2] == (401, "UNAUTHORIZED")
    _, secret = ApiToken.issue(alice.user, "bot")
    bearer = {"Authorization": f"Bearer {secret}"}
    assert refusal(ask(Client(), changed(), headers=bearer))[:2] == (403, "UNAUTHORIZED")
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://evil.example/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost:8000/x",
        "https://fcm.googleapis.com@10.0.0.1/x",
        "https://fcm.googleapis.com/\x00",
        "https://fcm.googleapis.com/\ud800",
        "",
    ],
)
def test_we_can_be_sent_to_push_services_only(alice: Seat, endpoint: str) -> None:
    response = ask(alice.client, changed(endpoint=endpoint))
    assert refusal(response)[:2] == (400, "VALIDATION_ERROR")
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"p256dh": ""}, "$.keys.p256dh"),
        ({"p256dh": vapid.to_base64url(b"\x04" + bytes(64))}, "$.keys.p256dh"),
        ({"p256dh": "A" * 87}, "$.keys.p256dh"),
        ({"p256dh": "\x00" * 87}, "$.keys.p256dh"),
        ({"auth": ""}, "$.keys.auth"),
        ({"auth": vapid.to_base64url(bytes(17))}, "$.keys.auth"),
        ({"auth": "not base64!"}, "$.keys.auth"),
        ({"auth": "\x00" * 22}, "$.keys.auth"),
        ({"auth": "A" * 101}, "$"),
        ({"p256dh": 7}, "$"),
        ({"endpoint": "https://fcm.googleapis.com/" + "x" * 1000}, "$"),
        ({"endpoint": None}, "$"),
        ({"more": "x" * 5000}, "$"),
    ],
    ids=range(13),
)
def test_what_could_not_be_encrypted_for_or_kept_is_refused(alice: Seat, changes: dict[str, Any], path: str) -> None:
    assert refusal(ask(alice.client, changed(**changes))) == (400, "VALIDATION_ERROR", path)
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"{}", b"\xff", b"[" * 4000, b'{"endpoint": 1}'], ids=range(7))
def test_what_is_no_subscription_is_refused(alice: Seat, body: bytes) -> None:
    assert refusal(ask(alice.client, body)) == (400, "VALIDATION_ERROR", "$")


def test_a_compressed_point_is_refused_since_it_is_not_what_browsers_have(alice: Seat) -> None:
    whole = vapid.from_base64url(changed()["keys"]["p256dh"])
    compressed = vapid.to_base64url(bytes([2 + whole[-1] % 2]) + whole[1:33])
    assert refusal(ask(alice.client, changed(p256dh=compressed))) == (400, "VALIDATION_ERROR", "$.keys.p256dh")


def test_asking_over_and_over_is_refused(alice: Seat) -> None:
    codes = [alice.client.delete(URL).status_code for _ in range(40)]
    assert codes[0] == 204
    assert codes[-1] == 429


def test_while_it_is_off_nobody_can_ask_but_everybody_can_leave(alice: Seat, keyed: Any) -> None:
    ask(alice.client, changed())
    keyed.VAPID_PRIVATE_KEY = ""
    assert refusal(ask(alice.client, changed()))[:2] == (404, "NOT_FOUND")
    assert alice.client.delete(URL).status_code == 204
    assert not PushSubscription.objects.exists()


def test_the_settings_offer_it_with_the_server_s_key_and_only_while_it_is_on(alice: Seat, keyed: Any) -> None:
    ask(alice.client, changed())
    page = alice.client.get("/settings/").content.decode()
    assert f'data-key="{vapid.offered_key()}"' in page
    assert f'data-endpoint="{ENDPOINT}"' in page
    keyed.VAPID_PRIVATE_KEY = ""
    page = alice.client.get("/settings/").content.decode()
    assert "away" not in page


def test_another_sign_in_of_the_same_person_does_not_look_turned_on(alice: Seat) -> None:
    ask(alice.client, changed())
    other = Client()
    other.force_login(alice.user)
    assert 'data-endpoint=""' in other.get("/settings/").content.decode()


def test_the_service_worker_rules_the_whole_site_and_is_asked_for_anew(alice: Seat) -> None:
    response = Client().get("/service-worker.js")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Cache-Control"] == "no-cache"
    assert response["Content-Security-Policy"] == "default-src 'none'; img-src 'self'; frame-ancestors 'none'"
    assert b"notificationclick" in response.content
    policy = alice.client.get("/settings/")["Content-Security-Policy"]
    assert "worker-src 'self'" in policy


def test_the_manifest_names_icons_that_are_there() -> None:
    response = Client().get("/manifest.webmanifest")
    assert response["Content-Type"] == "application/manifest+json"
    facts = response.json()
    assert (facts["name"], facts["start_url"], facts["scope"]) == ("Parley", "/", "/")
    for icon in facts["icons"]:
        path = finders.find(icon["src"].removeprefix("/static/"))
        assert isinstance(path, str)
        with Image.open(path) as picture:
            assert "x".join(map(str, picture.size)) == icon["sizes"]
