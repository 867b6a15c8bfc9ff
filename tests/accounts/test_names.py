"""What people may be called."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.names import (
    fold_display_name,
    refuse_hidden_characters,
    refuse_name_of_others,
    refuse_reserved_name,
    username_validator,
    usernames_like,
)
from tests.accounts.conftest import PASSWORD


@pytest.mark.parametrize("name", ["a", "alice", "alice.b_c-d", "4lice", "x" * 32])
def test_plain_names_are_user_names(name: str) -> None:
    username_validator(name)


@pytest.mark.parametrize(
    "name",
    ["", "Alice", "alice\n", "al ice", "42", "42\n", ".alice", "-a", "_a", "x" * 33, "аlice", "alice\u200b", "ålice"],
)
def test_other_names_are_no_user_names(name: str) -> None:
    with pytest.raises(ValidationError):
        username_validator(name)


@pytest.mark.parametrize("name", ["claude", "Claude", "admin", "everyone", "ROOT"])
def test_names_of_claude_and_the_staff_are_reserved(name: str) -> None:
    with pytest.raises(ValidationError):
        refuse_reserved_name(name)


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\u200bb", "a\x00b", "a\x1bb", "a\u2066b", "a\ufeffb", "\ud800", "a\u2028b", "\ue000"]
)
def test_hidden_characters_are_refused_in_display_names(name: str) -> None:
    with pytest.raises(ValidationError):
        refuse_hidden_characters(name)


@pytest.mark.parametrize("name", ["\u200d", "\u0301", "\u2800", "\u3164", "a\u3164"])
def test_a_display_name_must_be_seen(name: str) -> None:
    with pytest.raises(ValidationError):
        refuse_hidden_characters(name)


@pytest.mark.parametrize(
    "name",
    [
        "Claude",
        "CLAUDE",
        "Cláude",
        "Сlaude",
        "CIaude",
        "C1aude",
        "@claude",
        "cla\u200dude",
        "C l a u d e",
        "Аdmin",
        "Parley",
        "You",
        "Somebody",
        "Someone",
    ],
)
def test_a_display_name_cannot_look_like_claude_the_staff_or_words_of_the_pages(name: str) -> None:
    with pytest.raises(ValidationError):
        refuse_name_of_others(fold_display_name(name), "mallory")


@pytest.mark.parametrize("name", ["Ali", "Claudia", "Claude Monet", "Root Beer", "Admina", "Анна", "李"])
def test_other_display_names_are_anybodys(name: str) -> None:
    refuse_name_of_others(name, "mallory")


def test_being_called_as_ones_own_user_name_is_allowed() -> None:
    refuse_name_of_others("Admin", "admin")


@pytest.mark.parametrize(
    ("name", "username"),
    [
        ("Bob", "bob"),
        ("ВОВ", "bob"),
        ("bób", "bob"),
        ("@bob", "bob"),
        ("bo\u200db", "bob"),
        ("Bob Tables", "bob.tables"),
        ("Bob  Tables", "bobtables"),
    ],
)
def test_for_which_user_names_a_display_name_could_be_taken(name: str, username: str) -> None:
    assert username in usernames_like(name)


@pytest.mark.parametrize("name", ["Zoë", "李小龍", "محمد", "👩\u200d🚀", "O'Brien-Smith, Jr."])
def test_people_keep_their_own_writing(name: str) -> None:
    refuse_hidden_characters(name)
    assert fold_display_name(name) == name


def test_compatibility_characters_and_white_space_are_folded() -> None:
    assert fold_display_name("  Ａｌｉｃｅ \t Ⅳ\u3000") == "Alice IV"


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_signing_up_with_a_look_alike_of_a_taken_name_is_refused(alice: User, written: str) -> None:
    response = _sign_up(written)
    assert response.status_code == 200
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["claude", "Ｃｌａｕｄｅ", "admin", "123", "a b", "al\u0131ce!"])
def test_signing_up_with_a_forbidden_name_is_refused(written: str) -> None:
    assert _sign_up(written).status_code == 200
    assert not User.objects.exists()


@pytest.mark.django_db
def test_signing_up_makes_a_lower_case_name_and_signs_in() -> None:
    response = _sign_up("Carol")
    assert response.status_code == 302
    assert User.objects.get().username == "carol"


def _sign_up(username: str) -> Any:
    data = {"username": username, "email": "", "password1": PASSWORD, "password2": PASSWORD}
    return Client().post(reverse("account_signup"), data)
