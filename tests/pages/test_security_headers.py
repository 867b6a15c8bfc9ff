"""The headers that every page carries, beside the policy of test_page_policy.py; and how passwords are kept."""

import pytest
from django.test import Client

from accounts.models import User
from chat.models import Room
from tests.pages.conftest import Seat

PATHS = ["/", "/rooms/launch/", "/accounts/login/", "/admin/login/", "/no/such/page", "/healthz", "/api/socket-ticket"]


@pytest.mark.parametrize("path", PATHS)
def test_every_response_says_how_little_may_be_done_with_it(alice: Seat, closed_room: Room, path: str) -> None:
    for client in (alice.client, Client()):
        response = client.get(path)
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["Cross-Origin-Opener-Policy"] == "same-origin"
        assert response["X-Frame-Options"] == "DENY"
        policy = response["Content-Security-Policy"]
        assert "unsafe-" not in policy and "*" not in policy
        assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
        assert "Access-Control-Allow-Origin" not in response


def test_no_page_takes_a_form_without_its_csrf_token(alice: Seat, closed_room: Room) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    for path in ("/rooms/new", "/rooms/launch/details", "/accounts/logout/", "/api/socket-ticket"):
        assert client.post(path).status_code == 403, path


def test_a_password_is_kept_as_argon2(db: None) -> None:
    assert User.objects.create_user("alice", password="correct horse 1").password.startswith("argon2$argon2id$")
