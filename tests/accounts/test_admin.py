"""The administration of people and their ways in, and its door."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import ApiToken, User
from tests.accounts.conftest import PASSWORD, add_passkey, add_totp, reauthenticate, sign_in

USERS = "/admin/accounts/user/"
TOKENS = "/admin/accounts/apitoken/"
Announced = Callable[[], AbstractContextManager[list[int]]]


def clerk_with(*permissions: str) -> Client:
    """Sign in as staff with these permissions only."""
    clerk = User.objects.create_user("clerk", "", PASSWORD, is_staff=True)
    clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = sign_in(clerk)
    reauthenticate(client)
    return client


def act(client: Client, action: str, *users: User, **data: str) -> Any:
    chosen = {"action": action, "_selected_action": [user.pk for user in users]} | data
    return client.post(USERS, chosen, follow=True)


# --- The door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/admin/", "/admin/login/", USERS])
def test_strangers_are_sent_to_the_one_sign_in_page(path: str, db: None) -> None:
    response = Client().get(path, follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/?next=%2Fadmin%2F")
    assert "Sign in · Parley" in response.content.decode()


def test_signing_in_there_leads_back_to_the_administration(root: User) -> None:
    client = Client()
    page = client.get(USERS, follow=True)
    assert f'name="next" value="{USERS}"' in page.content.decode()
    data = {"login": "ruth", "password": PASSWORD, "next": USERS}
    assert client.post("/accounts/login/", data, follow=True).redirect_chain == [(USERS, 302)]


def test_a_password_cannot_be_posted_past_the_throttling(root: User) -> None:
    client = Client()
    response = client.post("/admin/login/", {"username": "ruth", "password": PASSWORD, "next": "/admin/"})
    assert response.headers["Location"].startswith("/accounts/login/")
    assert "sessionid" not in response.cookies


def test_the_second_step_is_asked_for_here_too(root: User) -> None:
    add_totp(root)
    client = Client()
    response = client.post("/accounts/login/", {"login": "ruth", "password": PASSWORD, "next": "/admin/"})
    assert response.headers["Location"].startswith("/accounts/2fa/authenticate/")
    assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("path", ["/admin/", USERS, "/admin/login/?next=/admin/"])
def test_people_who_are_not_staff_get_a_clear_page(path: str, as_alice: Client) -> None:
    response = as_alice.get(path, follow=True)
    assert response.status_code == 403
    assert "Not for this account" in response.content.decode()
    assert len(response.redirect_chain) <= 1


def test_staff_without_permissions_get_a_page_and_no_loop(db: None) -> None:
    client = clerk_with()
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/login/?next=/admin/", follow=True).redirect_chain == [("/admin/", 302)]
    assert client.get(USERS).status_code == 403


# --- Users -----------------------------------------------------------------------------------------------------------


def test_users_are_found_by_name_display_name_and_address(alice: User, bob: User, as_root: Client) -> None:
    for query in ("alice", "Moreau", "alice@example.org"):
        listed = as_root.get(USERS, {"q": query}).context["cl"].result_list
        assert [user.username for user in listed] == ["alice"]


def test_users_are_filtered(alice: User, bob: User, as_root: Client) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    listed = as_root.get(USERS, {"is_active__exact": "0"}).context["cl"].result_list
    assert [user.username for user in listed] == ["bob"]


@pytest.mark.parametrize("path", [USERS, TOKENS, "/admin/usersessions/usersession/", "/admin/mfa/authenticator/"])
def test_lists_take_the_same_queries_however_long(path: str, as_root: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_root.get(path).status_code == 200
        return len(captured)

    def add(names: list[str]) -> None:
        for name in names:
            user = User.objects.create_user(name)
            ApiToken.issue(user, "bot")
            add_totp(user)
            UserSession.objects.create(user=user, ip="203.0.113.1", session_key=name, user_agent="x")
            user.groups.add(Group.objects.get_or_create(name="g")[0])

    add(["first"])
    few = queries()
    add([f"user{number}" for number in range(15)])
    assert queries() == few


def test_deactivating_asks_first(alice: User, as_root: Client) -> None:
    response = act(as_root, "deactivate", alice)
    assert "signed out everywhere" in response.content.decode()
    alice.refresh_from_db()
    assert alice.is_active


def test_deactivating_is_announced_and_logged(alice: User, bob: User, as_root: Client, announced: Announced) -> None:
    theirs = sign_in(alice)
    with announced() as heard:
        response = act(as_root, "deactivate", alice, bob, confirmed="yes")
    assert "2 users deactivated." in response.content.decode()
    assert sorted(heard) == sorted([alice.pk, bob.pk])
    assert not User.objects.filter(username__in=["alice", "bob"], is_active=True).exists()
    assert theirs.get(reverse("accounts_profile")).status_code == 302
    assert LogEntry.objects.filter(change_message="Deactivated.").count() == 2


def test_activating_lets_them_in_again(alice: User, as_root: Client, announced: Announced) -> None:
    User.objects.update(is_active=False)
    User.objects.filter(is_superuser=True).update(is_active=True)
    with announced() as heard:
        act(as_root, "activate", alice, confirmed="yes")
    assert heard == [alice.pk]
    sign_in(alice)


def test_those_who_are_so_already_are_not_saved(alice: User, as_root: Client, announced: Announced) -> None:
    with announced() as heard:
        response = act(as_root, "activate", alice, confirmed="yes")
    assert "nothing to do" in response.content.decode()
    assert heard == []


def test_nobody_deactivates_themselves(root: User, as_root: Client) -> None:
    act(as_root, "deactivate", root, confirmed="yes")
    root.refresh_from_db()
    assert root.is_active


def test_saving_the_form_is_announced(alice: User, as_root: Client, announced: Announced) -> None:
    data = {"username": "alice", "display_name": "Ａlice", "email": alice.email}  # is_active is not ticked
    with announced() as heard:
        response = as_root.post(f"{USERS}{alice.pk}/change/", data)
    assert response.status_code == 302
    assert heard == [alice.pk]
    alice.refresh_from_db()
    assert (alice.is_active, alice.display_name) == (False, "Alice")


def test_a_new_password_set_here_is_announced(alice: User, as_root: Client, announced: Announced) -> None:
    new = PASSWORD + "!"
    data = {"password1": new, "password2": new, "usable_password": "true"}
    with announced() as heard:
        assert as_root.post(f"{USERS}{alice.pk}/password/", data).status_code == 302
    assert alice.pk in heard
    sign_in(alice, new)


def test_adding_a_user(as_root: Client) -> None:
    data = {"username": "carol", "usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
    assert as_root.post(f"{USERS}add/", data).status_code == 302
    sign_in(User.objects.get(username="carol"))


def test_deleting_users_from_the_list_is_announced(alice: User, as_root: Client, announced: Announced) -> None:
    user_id = alice.pk
    with announced() as heard:
        act(as_root, "delete_selected", alice, post="yes")
    assert set(heard) == {user_id}


def test_staff_cannot_raise_themselves(db: None) -> None:
    client = clerk_with("view_user", "change_user")
    clerk = User.objects.get(username="clerk")
    data = {"username": "clerk", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    assert client.post(f"{USERS}{clerk.pk}/change/", data).status_code == 302
    clerk.refresh_from_db()
    assert not clerk.is_superuser
    assert clerk.user_permissions.count() == 2


def test_staff_cannot_touch_superusers(root: User) -> None:
    client = clerk_with("view_user", "change_user", "delete_user")
    new = PASSWORD + "!"
    data = {"password1": new, "password2": new, "usable_password": "true"}
    assert client.post(f"{USERS}{root.pk}/password/", data).status_code == 403
    assert client.post(f"{USERS}{root.pk}/change/", {"username": "ruth"}).status_code == 403
    assert client.post(f"{USERS}{root.pk}/delete/", {"post": "yes"}).status_code == 403
    act(client, "deactivate", root, confirmed="yes")
    root.refresh_from_db()
    assert root.is_active and root.check_password(PASSWORD)


def test_staff_who_may_only_look_have_no_actions(alice: User) -> None:
    client = clerk_with("view_user")
    act(client, "deactivate", alice, confirmed="yes")
    alice.refresh_from_db()
    assert alice.is_active


# --- Tokens, sessions, second steps ----------------------------------------------------------------------------------


def test_tokens_are_found_and_show_no_digest(alice: User, bob: User, as_root: Client) -> None:
    token, secret = ApiToken.issue(alice, "deploy bot")
    ApiToken.issue(bob, "other")
    for query in ("deploy", "alice", token.hint):
        listed = as_root.get(TOKENS, {"q": query})
        assert token in listed.context["cl"].result_list
    page = as_root.get(f"{TOKENS}{token.pk}/change/").content.decode()
    assert f"…{token.hint}" in page
    assert token.digest not in page and secret not in page


def test_tokens_are_neither_made_nor_changed_here(alice: User, as_root: Client) -> None:
    token, _ = ApiToken.issue(alice, "bot")
    assert as_root.get(f"{TOKENS}add/").status_code == 403
    assert as_root.post(f"{TOKENS}{token.pk}/change/", {"name": "mine"}).status_code == 403
    token.refresh_from_db()
    assert token.name == "bot"


def test_deleting_a_token_revokes_it(alice: User, as_root: Client, announced: Announced) -> None:
    token, secret = ApiToken.issue(alice, "bot")
    with announced() as heard:
        as_root.post(TOKENS, {"action": "delete_selected", "_selected_action": token.pk, "post": "yes"})
    assert heard == [alice.pk]
    assert ApiToken.objects.for_secret(secret) is None


@pytest.mark.parametrize("from_the_list", [True, False])
def test_deleting_a_session_ends_it(alice: User, as_root: Client, announced: Announced, from_the_list: bool) -> None:
    theirs = sign_in(alice)
    row = UserSession.objects.get(user=alice)
    url = "/admin/usersessions/usersession/"
    with announced() as heard:
        if from_the_list:
            as_root.post(url, {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"})
        else:
            as_root.post(f"{url}{row.pk}/delete/", {"post": "yes"})
    assert heard == [alice.pk]
    assert theirs.get(reverse("accounts_profile")).status_code == 302


def test_no_page_shows_what_second_steps_are_made_of(alice: User, as_root: Client) -> None:
    secret = add_totp(alice)
    add_passkey(alice)
    for row in Authenticator.objects.filter(user=alice):
        page = as_root.get(f"/admin/mfa/authenticator/{row.pk}/change/").content.decode()
        assert secret not in page
        assert "credential" not in page and "seed" not in page


def test_pages_of_the_administration_open(alice: User, as_root: Client) -> None:
    for path in ("/admin/", f"{USERS}add/", f"{USERS}{alice.pk}/change/", f"{USERS}{alice.pk}/history/", TOKENS):
        assert as_root.get(path).status_code == 200


# --- What a session alone may not do -----------------------------------------------------------------------------------


def test_giving_somebody_a_way_in_is_asked_for_again_and_then_done(root: User, alice: User) -> None:
    client = sign_in(root)
    new = PASSWORD + "!"
    add_totp(alice)
    second_step = Authenticator.objects.get(user=alice, type="totp").pk
    promotion = {"username": "alice", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    for path, fields in (
        (f"{USERS}{alice.pk}/password/", {"password1": new, "password2": new, "usable_password": "true"}),
        (f"{USERS}{alice.pk}/change/", promotion),
        (f"{USERS}add/", {"username": "eve", "usable_password": "true", "password1": new, "password2": new}),
        (f"/admin/mfa/authenticator/{second_step}/delete/", {"post": "yes"}),
        (
            "/admin/mfa/authenticator/",
            {"action": "delete_selected", "_selected_action": str(second_step), "post": "yes"},
        ),
    ):
        response = client.post(path, fields)
        assert response.headers["Location"].startswith("/accounts/reauthenticate/?next="), path
        assert new not in str(client.session.items()), "a password is not kept while it is asked"
    alice.refresh_from_db()
    assert (
        alice.check_password(PASSWORD) and not alice.is_superuser and not User.objects.filter(username="eve").exists()
    )
    assert Authenticator.objects.filter(pk=second_step).exists()
    path = f"{USERS}{alice.pk}/change/"
    asked = client.post(path, promotion).headers["Location"]
    assert client.post(asked, {"password": PASSWORD, "next": path}).status_code == 302
    alice.refresh_from_db()
    assert alice.is_superuser, "what was sent before is done after the proof"


def test_shutting_somebody_out_is_not_asked_for(root: User, alice: User) -> None:
    client = sign_in(root)
    ApiToken.issue(alice, "bot")
    client.post(TOKENS, {"action": "delete_selected", "_selected_action": ApiToken.objects.get().pk, "post": "yes"})
    act(client, "deactivate", alice, confirmed="yes")
    alice.refresh_from_db()
    assert not alice.is_active and not ApiToken.objects.exists()
