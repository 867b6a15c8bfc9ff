"""`manage.py api_token`: prints a token and nothing else."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken, User


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("api_token", *arguments, stdout=out)
    return out.getvalue()


def test_only_the_token_is_printed(alice: User) -> None:
    printed = run("alice", "--name", "deploy bot")
    token = ApiToken.objects.get()
    assert printed == printed.strip() + "\n"
    assert ApiToken.objects.for_secret(printed.strip()) == token
    assert (token.user, token.name) == (alice, "deploy bot")


def test_it_has_a_name_without_being_given_one_and_may_be_repeated(alice: User) -> None:
    assert run("alice") != run("alice")
    assert {token.name for token in ApiToken.objects.all()} == {"command line"}


def test_an_unknown_user_is_named_in_the_error(db: None) -> None:
    with pytest.raises(CommandError, match=r"^There is no user named 'nobody'\.$"):
        run("nobody")


def test_a_deactivated_user_gets_none(alice: User) -> None:
    alice.is_active = False
    alice.save()
    with pytest.raises(CommandError, match="'alice' is deactivated"):
        run("alice")
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "a\u202eb"])
def test_a_token_needs_a_proper_name(alice: User, name: str) -> None:
    with pytest.raises(CommandError, match="--name"):
        run("alice", "--name", name)
    assert not ApiToken.objects.exists()
