"""Links in mails and invitations lead to this installation, whatever the request that asked for them says of it."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from django.core import mail
from django.core.checks import run_checks
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from accounts.origins import make_links_public, public_origin
from tests.accounts.conftest import reauthenticate, sign_in

ODD_HOST = {"host": "testserver:4444"}
OURS = "http://testserver/"


def links_in_mail() -> list[str]:
    return re.findall(r"https?://[^\s/]*/", "".join(str(message.body) for message in mail.outbox))


def ask_for_a_new_password(email: str = "alice@example.org", host: str = "testserver:4444") -> int:
    return Client(headers={"host": host}).post(reverse("account_reset_password"), {"email": email}).status_code


@pytest.mark.parametrize("email", ["alice@example.org", "unknown@example.org"])
def test_a_reset_link_does_not_lead_to_the_port_that_the_request_names(alice: User, email: str) -> None:
    assert ask_for_a_new_password(email) == 302
    assert links_in_mail() and set(links_in_mail()) == {OURS}
    assert "4444" not in str(mail.outbox[0].body) + mail.outbox[0].subject


def test_a_confirmation_link_does_not_either(alice: User) -> None:
    client = sign_in(alice)
    reauthenticate(client)
    response = client.post(
        reverse("account_email"), {"email": "new@example.org", "action_add": ""}, headers=ODD_HOST, follow=True
    )
    assert response.status_code == 200
    assert set(links_in_mail()) == {OURS}


def test_every_link_of_a_mail_begins_with_the_public_url(alice: User, settings: Any) -> None:
    settings.PUBLIC_URL = "https://chat.example.org:8443"
    settings.ALLOWED_HOSTS = ["*"]
    assert ask_for_a_new_password(host="evil.example") == 302
    assert set(links_in_mail()) == {"https://chat.example.org:8443/"}
    assert "evil" not in str(mail.outbox[0].body)


def test_a_host_that_is_not_allowed_gets_no_mail_sent(alice: User) -> None:
    assert ask_for_a_new_password(host="evil.example") == 400
    assert not mail.outbox


@pytest.mark.parametrize(
    ("host", "listening", "tls", "origin"),
    [
        ("testserver", "8000", False, "http://testserver"),
        ("testserver:8000", "8000", False, "http://testserver:8000"),
        ("testserver:8001", "8000", False, "http://testserver"),
        ("[::1]:8000", "8000", False, "http://[::1]:8000"),
        ("testserver:8000", "8000", True, "http://testserver"),
    ],
)
def test_without_a_public_url_only_the_port_that_we_listen_on_is_kept(
    settings: Any, host: str, listening: str, tls: bool, origin: str
) -> None:
    settings.TLS, settings.ALLOWED_HOSTS = tls, ["testserver", "[::1]"]
    request = RequestFactory().get("/rooms/?a=1", headers={"host": host}, SERVER_PORT=listening)
    assert public_origin(request) == origin
    make_links_public(request)
    assert request.build_absolute_uri() == f"{origin}/rooms/?a=1"
    assert request.build_absolute_uri("/invite/x") == f"{origin}/invite/x"
    assert request.build_absolute_uri("https://elsewhere.example/x") == "https://elsewhere.example/x"


def test_a_confirmed_address_still_works(alice: User) -> None:
    """The link leads to a page that is there."""
    address = EmailAddress.objects.create(user=alice, email="new@example.org")
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC(address).key])
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "public", "complaints"),
    [
        (["chat.example.org"], "", []),
        ([".example.org"], "", ["accounts.W001"]),
        (["*"], "", ["accounts.W001"]),
        (["*"], "https://chat.example.org", []),
        (["chat.example.org"], "https://other.example.org", ["accounts.E004"]),
        (["chat.example.org"], "https://chat.example.org:8443", []),
    ],
)
def test_the_check_says_when_links_could_lead_elsewhere(
    settings: Any, allowed: list[str], public: str, complaints: list[str]
) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = allowed, public
    found = [each.id for each in run_checks(include_deployment_checks=True) if str(each.id).startswith("accounts.")]
    assert found == complaints
