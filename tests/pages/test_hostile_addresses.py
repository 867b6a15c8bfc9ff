"""Whatever stands in an address, a cookie or a form: a response of ours, and never an error of the server.

`make test` runs this on PostgreSQL too, which takes no text with a NUL in it.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import get_resolver

from accounts import urls as accounts_urls
from chat import urls as chat_urls
from chat.models import Room
from tests.pages.conftest import Seat

HOSTILE: Final = {
    "NUL": "\0",
    "NUL within": "a\0b",
    "half of a pair": b"\xed\xa0\x80".decode("latin-1"),
    "an endless number": "9" * 5000,
    "a negative number": "-1",
    "no number": "1e999",
    "an override": "\u202e",
    "an escape": "%00",
    "a broken escape": "%ff",
    "markup": "'\"><script>",
    "very long": "x" * 30_000,
}
# In each, {} is what is hostile. Pages without anything to fill in are asked with a field that they do not know.
ADDRESSES: Final = {
    "": ["/no/such/{}"],
    "home": ["/?x={}"],
    "browse": ["/rooms/?x={}", "/rooms/?q={}", "/rooms/?after={}"],
    "my_rooms": ["/rooms/mine?q={}", "/rooms/mine?kind={}", "/rooms/mine?after={}"],
    "last_room": ["/rooms/last?room={}"],
    "create_room": ["/rooms/new?kind={}"],
    "room": ["/rooms/{}/", "/rooms/launch/?seq={}"],
    "room_data": ["/rooms/{}/data", "/rooms/launch/data?seq={}"],
    "room_usage": ["/rooms/{}/usage"],
    "room_people": ["/rooms/{}/people", "/rooms/launch/people?q={}", "/rooms/launch/people?page={}"],
    "people_like": ["/people/like?q={}"],
    "room_people_like": ["/rooms/{}/people/like", "/rooms/launch/people/like?q={}"],
    "room_invite": ["/rooms/{}/invite"],
    "room_details": ["/rooms/{}/details"],
    "room_export": ["/rooms/{}/export"],
    "upload": ["/rooms/{}/attachments"],
    "attachment": ["/attachments/{}/x", "/attachments/x/{}"],
    "new_session": ["/sessions/new?x={}"],
    "new_direct": ["/direct/new?q={}"],
    "invitations": ["/invitations?x={}"],
    "accept_or_decline": ["/invitations/{}"],
    "invitation": ["/invite/{}"],
    "search": ["/search?q={}", "/search?q=a&room={}", "/search?q=a&before={}"],
    "usage": ["/usage?room={}"],
    "stream_example": ["/examples/stream?room={}"],
    "socket_ticket": ["/api/socket-ticket?x={}"],
    "push_subscription": ["/api/push-subscription?x={}"],
    "service_worker": ["/service-worker.js?x={}"],
    "manifest": ["/manifest.webmanifest?x={}"],
    "accounts_profile": ["/settings/?x={}"],
    "accounts_tokens": ["/settings/tokens?x={}"],
    "leave_rooms": ["/rooms/leave?x={}"],
    "accounts_revoke_tokens": ["/settings/tokens/revoke?x={}"],
    "accounts_revoke_token": ["/settings/tokens/{}/revoke"],
    "account_login": ["/accounts/login/?next={}"],
    "account_confirm_email": ["/accounts/confirm-email/{}/"],
    "account_reset_password_from_key": ["/accounts/password/reset/key/{}/", "/accounts/password/reset/key/1-{}/"],
}
ROOM: Final = {"kind": "closed", "name": "A room"}
# Each of these fields is made hostile in turn.
FORMS: Final = [
    ("/rooms/new", {**ROOM, "topic": "", "members": "", "claude-model": "", "claude-instructions": ""}),
    ("/direct/new", {"user": "bob"}),
    ("/rooms/launch/people", {"do": "add", "user": "bob", "role": "member"}),
    ("/rooms/launch/people", {"do": "remove", "user": "bob"}),
    ("/rooms/launch/people", {"do": "role", "user": "bob", "role": "member"}),
    ("/rooms/launch/invite", {"days": "7", "uses": "", "revoke": ""}),
    ("/rooms/launch/details", {"do": "save", **ROOM, "topic": ""}),
    ("/rooms/launch/details", {"do": "mute", "muted": "1"}),
    ("/settings/", {"display_name": "Alice"}),
    ("/settings/tokens", {"name": "bot"}),
    ("/accounts/login/", {"login": "alice", "password": "x", "next": "/"}),
    ("/accounts/signup/", {"username": "eve", "email": "", "password1": "x", "password2": "x"}),
    ("/accounts/password/reset/", {"email": "eve@example.org"}),
]
CREDENTIALS: Final = {
    "an endless number": "9" * 5000,
    "arrays without an end": "[" * 50_000,
    "objects in objects": '{"a":' * 5000 + "1" + "}" * 5000,
    "infinity": "1e999",
    "a list": "[7]",
    "a number": "7",
    "an object of something else": '{"id":"\\u0000"}',
    "an empty response": '{"id":"YQ","rawId":"YQ","type":"public-key","response":7}',
    "an id that is no id": '{"id":"\\ud800","rawId":"\\ud800","type":"public-key","response":{}}',
    "a response that is none": '{"id":"YQ","rawId":"YQ","type":"public-key","response":{"clientDataJSON":"YQ",'
    '"authenticatorData":"YQ","signature":"YQ","attestationObject":"YQ","userHandle":"YQ"}}',
}


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    """Counters of failed sign-ins must not pass from test to test."""
    cache.clear()
    yield
    cache.clear()


def outspoken(client: Client) -> Client:
    """Return the client, which from now on gets the response that a browser would get, not the exception."""
    client.raise_request_exception = False
    return client


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged with a traceback. What Django refuses as hostile loses it on its way into the log."""
    return [record.message for record in caplog.records if record.exc_info and "django.security" not in record.name]


def test_every_address_of_ours_is_in_this_list() -> None:
    ours = {pattern.name for pattern in [*chat_urls.urlpatterns, *accounts_urls.urlpatterns]}
    assert ours <= set(ADDRESSES)
    assert set(ADDRESSES) - {""} <= {name for name in get_resolver().reverse_dict if isinstance(name, str)}


@pytest.mark.parametrize("address", [each for some in ADDRESSES.values() for each in some])
def test_no_address_breaks_a_page(
    alice: Seat, closed_room: Room, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    for client in (outspoken(alice.client), outspoken(Client())):
        seen = {what: client.get(address.format(quote(text, safe=""))).status_code for what, text in HOSTILE.items()}
        assert {what: status for what, status in seen.items() if status >= 500} == {}
        assert seen["NUL"] == seen["NUL within"] == 400
    assert tracebacks(caplog) == []


@pytest.mark.parametrize(("address", "fields"), FORMS, ids=[f"{address} {' '.join(f)}" for address, f in FORMS])
def test_no_form_breaks_a_page(
    alice: Seat, closed_room: Room, address: str, fields: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    broken = []
    for client in (outspoken(alice.client), outspoken(Client())):
        for field in fields:
            for what, text in HOSTILE.items():
                status = client.post(address, fields | {field: text}).status_code
                broken += [(field, what, status)] if status >= 500 else []
    assert broken == []
    assert tracebacks(caplog) == []


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "theme"])
def test_no_cookie_breaks_a_page(closed_room: Room, name: str) -> None:
    for value in ('"\\000"', '"a\\000b"', "x" * 3000, '"\\355\\240\\200"', "=", '"'):
        response = outspoken(Client()).get("/rooms/launch/", headers={"Cookie": f"{name}={value}"})
        assert response.status_code in (302, 400), value


@pytest.mark.parametrize("credential", CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_what_is_no_passkey_is_refused_in_a_sentence(alice: Seat, credential: str) -> None:
    """Sign-in takes them from strangers; the second step and adding one from people half and wholly signed in."""
    stranger = outspoken(Client())
    stranger.get("/accounts/2fa/webauthn/login/", headers={"X-Requested-With": "XMLHttpRequest"})
    assert stranger.post("/accounts/2fa/webauthn/login/", {"credential": credential}).status_code == 302
    adding = outspoken(alice.client)
    adding.get("/accounts/2fa/webauthn/add/")
    response = adding.post("/accounts/2fa/webauthn/add/", {"credential": credential, "name": "Key"})
    assert response.status_code == 200
    assert "What the browser sent is not a passkey. Try again." in response.content.decode()
