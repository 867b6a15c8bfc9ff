"""Nothing that a stranger can ask tells which e-mail addresses have an account here. User names are public in a team."""

import re
from typing import Any
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import whose
from accounts.models import User
from tests.accounts.conftest import PASSWORD, WRONG, reauthenticate, sign_in

KNOWN, UNKNOWN = "alice@example.org", "unknown@example.org"


def signed_up(username: str, email: str) -> Any:
    typed = {"username": username, "email": email, "password1": PASSWORD, "password2": PASSWORD}
    return Client().post(reverse("account_signup"), typed)


def bare(response: Any, *words: str) -> str:
    """Return what a response says, without what differs in any two of them."""
    html = re.sub(r'(name="csrfmiddlewaretoken" value|nonce|content)="[^"]*"', "", response.content.decode())
    for word in words:
        html = html.replace(word, "_")
    cookies = sorted(re.sub(r"[0-9]+", "", name) for name in response.cookies)
    return f"{response.status_code} {response.headers.get('Location')} {cookies} {html}"


@pytest.mark.parametrize("verification", ["none", "optional", "mandatory"])
def test_signing_up_with_a_known_address_looks_as_with_an_unknown_one(
    alice: User, settings: Any, verification: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    known, unknown = signed_up("eve1", KNOWN), signed_up("eve2", UNKNOWN)
    assert known.status_code == unknown.status_code == 302
    assert bare(known) == bare(unknown)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD) and alice.email == KNOWN


@pytest.mark.parametrize("verification", ["none", "optional", "mandatory"])
def test_signing_up_hashes_one_password_whether_the_address_is_known_or_not(
    alice: User, settings: Any, verification: str
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = verification
    assert hashed(lambda: signed_up("eve1", KNOWN)) == hashed(lambda: signed_up("eve2", UNKNOWN)) == 1


def hashed(act: Any) -> int:
    """Return how many passwords are hashed meanwhile: with Argon2 each takes a tenth of a second, which can be measured."""
    encode = MD5PasswordHasher.encode
    count = 0

    def counted(self: MD5PasswordHasher, *args: Any, **kwargs: Any) -> str:
        nonlocal count
        count += 1
        return str(encode(self, *args, **kwargs))

    with mock.patch.object(MD5PasswordHasher, "encode", counted):
        act()
    return count


@pytest.mark.parametrize(
    "login", ["alice", "nobody", KNOWN, UNKNOWN, KNOWN.upper(), "shared@example.org", "gone", "key"]
)
def test_a_failed_sign_in_hashes_one_password_whoever_it_names(alice: User, login: str) -> None:
    EmailAddress.objects.create(user=alice, email=KNOWN, primary=True, verified=True)
    for number in range(3):
        User.objects.create_user(f"twin{number}", "shared@example.org", PASSWORD)
    User.objects.create_user("gone", "", PASSWORD, is_active=False)
    User.objects.create_user("key", "", None)
    asked = {"login": login, "password": WRONG}
    assert hashed(lambda: Client().post(reverse("account_login"), asked)) == 1


def test_asking_for_a_new_password_says_and_sends_the_same(alice: User) -> None:
    responses = [Client().post(reverse("account_reset_password"), {"email": email}) for email in (KNOWN, UNKNOWN)]
    assert bare(responses[0]) == bare(responses[1])
    assert [message.to for message in mail.outbox] == [[KNOWN], [UNKNOWN]]


def test_changing_to_a_known_address_looks_as_to_an_unknown_one(alice: User, bob: User) -> None:
    EmailAddress.objects.create(user=alice, email=KNOWN, primary=True, verified=True)
    seen = []
    for email in (KNOWN, UNKNOWN):
        client = sign_in(bob)
        reauthenticate(client)
        response = client.post(reverse("account_email"), {"email": email, "action_add": ""}, follow=True)
        seen.append(bare(response, email))
        EmailAddress.objects.filter(user=bob).delete()
    assert seen[0] == seen[1]
    assert {tuple(message.to) for message in mail.outbox} == {(KNOWN,), (UNKNOWN,)}


# --- Addresses that several people give -----------------------------------------------------------------------------------


def test_who_signs_up_with_the_address_of_another_gets_no_way_into_their_account(alice: User) -> None:
    assert signed_up("eve", KNOWN).status_code == 302
    eve = User.objects.get(username="eve")
    assert whose.account_for(KNOWN) == alice, "the older account is the one to sign in to by an address"
    assert whose.account_for("eve") == eve
    Client().post(reverse("account_reset_password"), {"email": KNOWN})
    assert {tuple(message.to) for message in mail.outbox} == {(KNOWN,)}, "mail goes to the address alone"
    assert len(mail.outbox) == 2


def test_a_confirmed_address_belongs_to_who_has_confirmed_it(alice: User, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email=KNOWN, verified=True, primary=True)
    assert whose.account_for(KNOWN) == bob
    assert whose.accounts_with(KNOWN) == [bob]


def test_a_crowd_with_one_address_costs_one_comparison_and_few_mails(alice: User) -> None:
    User.objects.bulk_create([User(username=f"crowd{number}", email=KNOWN) for number in range(300)])
    assert whose.account_for(KNOWN) == alice
    Client().post(reverse("account_reset_password"), {"email": KNOWN})
    assert len(mail.outbox) == 5
