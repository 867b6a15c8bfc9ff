"""What staff with few permissions, or a session that someone has taken over, could turn into more rights here."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.models import User
from tests.accounts.conftest import PASSWORD, add_totp, sign_in
from tests.accounts.test_admin import clerk_with

ADDRESSES = "/admin/account/emailaddress/"
GROUPS = "/admin/auth/group/"
AUTHENTICATORS = "/admin/mfa/authenticator/"
FOREIGN = "clerk@example.net"


def address_of(user: User, email: str = "") -> EmailAddress:
    return EmailAddress.objects.create(user=user, email=email or user.email, primary=not email)


def facts(user: User, email: str) -> dict[str, Any]:
    return {"user": user.pk, "email": email, "verified": "on"}


# --- Addresses: the mail for a forgotten password goes there ---------------------------------------------------------


def test_staff_gives_superusers_no_address_and_changes_none_of_theirs(root: User, alice: User) -> None:
    client = clerk_with("view_emailaddress", "add_emailaddress", "change_emailaddress", "delete_emailaddress")
    theirs, spare = address_of(root), address_of(root, "spare@example.org")
    assert client.post(f"{ADDRESSES}add/", facts(root, FOREIGN)).status_code == 200, "the form again, with the reason"
    assert client.post(f"{ADDRESSES}{theirs.pk}/change/", facts(root, FOREIGN)).status_code == 403
    assert client.post(f"{ADDRESSES}{theirs.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = [theirs.pk, spare.pk]
    client.post(ADDRESSES, {"action": "make_verified", "_selected_action": chosen})
    client.post(ADDRESSES, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    own = address_of(alice)
    assert client.post(f"{ADDRESSES}{own.pk}/change/", facts(root, own.email)).status_code == 200, "handed to another"
    left = set(EmailAddress.objects.filter(user=root).values_list("email", "verified"))
    assert left == {("ruth@example.org", False), ("spare@example.org", False)}


def test_staff_looks_after_the_addresses_of_others_and_superusers_after_all(root: User, alice: User) -> None:
    client = clerk_with("view_emailaddress", "add_emailaddress", "change_emailaddress")
    assert client.post(f"{ADDRESSES}add/", facts(alice, "new@example.org")).status_code == 302
    row = address_of(alice)
    client.post(ADDRESSES, {"action": "make_verified", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.verified
    User.objects.filter(username="clerk").update(is_superuser=True)
    assert client.post(f"{ADDRESSES}add/", facts(root, "second@example.org")).status_code == 302
    assert EmailAddress.objects.filter(user=root, email="second@example.org").exists()


def test_staff_who_only_look_at_addresses_verify_none(alice: User) -> None:
    client, row = clerk_with("view_emailaddress"), address_of(alice)
    client.post(ADDRESSES, {"action": "make_verified", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert not row.verified


# --- Groups: they hand permissions on --------------------------------------------------------------------------------


def test_staff_hands_no_permissions_to_a_group_of_their_own(db: None) -> None:
    client = clerk_with("view_group", "add_group", "change_group", "delete_group")
    group = Group.objects.create(name="helpers")
    User.objects.get(username="clerk").groups.add(group)
    more = Permission.objects.get(codename="change_user")
    wanted = {"name": "helpers", "permissions": [more.pk]}
    assert client.get(f"{GROUPS}{group.pk}/change/").status_code == 200, "they may look"
    assert client.post(f"{GROUPS}{group.pk}/change/", wanted).status_code == 403
    assert client.post(f"{GROUPS}add/", {**wanted, "name": "more"}).status_code == 403
    assert client.post(f"{GROUPS}{group.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Group.objects.values_list("name", "permissions")) == [("helpers", None)]


def test_superusers_change_groups(as_root: Client) -> None:
    more = Permission.objects.get(codename="change_user")
    assert as_root.post(f"{GROUPS}add/", {"name": "helpers", "permissions": [more.pk]}).status_code == 302
    assert Group.objects.get().permissions.get() == more


# --- Two-step verification ------------------------------------------------------------------------------------------


def test_staff_takes_no_second_step_from_superusers(root: User, alice: User) -> None:
    client = clerk_with("view_authenticator", "delete_authenticator")
    for person in (root, alice):
        add_totp(person)
    rows = Authenticator.objects.filter(user=root)
    for row in rows:
        assert client.post(f"{AUTHENTICATORS}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    chosen = [row.pk for row in rows]
    client.post(AUTHENTICATORS, {"action": "delete_selected", "_selected_action": chosen, "post": "yes"})
    assert [row.pk for row in Authenticator.objects.filter(user=root)] == chosen
    for row in Authenticator.objects.filter(user=alice):
        assert client.post(f"{AUTHENTICATORS}{row.pk}/delete/", {"post": "yes"}).status_code == 302


# --- A session that someone has taken over ---------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["add an address", "change an address", "verify an address", "add a group"])
def test_a_session_alone_gives_no_one_a_way_in(root: User, alice: User, where: str) -> None:
    client, row = sign_in(root), address_of(alice)
    path, data = {
        "add an address": (f"{ADDRESSES}add/", facts(alice, FOREIGN)),
        "change an address": (f"{ADDRESSES}{row.pk}/change/", facts(alice, FOREIGN)),
        "verify an address": (ADDRESSES, {"action": "make_verified", "_selected_action": [row.pk]}),
        "add a group": (f"{GROUPS}add/", {"name": "helpers"}),
    }[where]
    response = client.post(path, data)
    assert response.status_code == 302 and response.headers["Location"].startswith("/accounts/reauthenticate/?next=")
    row.refresh_from_db()
    assert (row.email, row.verified, EmailAddress.objects.count(), Group.objects.count()) == (alice.email, False, 1, 0)
    assert PASSWORD not in str(dict(client.session))
