"""What people may be called."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.models import User
from accounts.names import fold_display_name, refuse_hidden_characters, refuse_reserved_name, username_validator
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


@pytest.mark.parametrize("name", ["Zoë", "李小龍", "محمد", "👩\u200d🚀", "O'Brien-Smith, Jr."])
def test_people_keep_their_own_writing(name: str) -> None:
    refuse_hidden_characters(name)
    assert fold_display_name(name) == name


def test_compatibility_characters_and_white_space_are_folded() -> None:
    assert fold_display_name("  Ａｌｉｃｅ \t Ⅳ\u3000") == "Alice IV"


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_signing_up_with_a_look_alike_of_a_taken_name_is_refused(alice: User, written: str) -> None:
    answer = _sign_up(written)
    assert answer.status_code == 200
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["claude", "Ｃｌａｕｄｅ", "admin", "123", "a b", "al\u0131ce!"])
def test_signing_up_with_a_forbidden_name_is_refused(written: str) -> None:
    assert _sign_up(written).status_code == 200
    assert not User.objects.exists()


@pytest.mark.django_db
def test_signing_up_makes_a_lower_case_name_and_signs_in() -> None:
    answer = _sign_up("Carol")
    assert answer.status_code == 302
    assert User.objects.get().username == "carol"


def _sign_up(username: str) -> Any:
    data = {"username": username, "email": "", "password1": PASSWORD, "password2": PASSWORD}
    return Client().post(reverse("account_signup"), data)
