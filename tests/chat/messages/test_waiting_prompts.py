"""What waits for Claude ends with the right to ask: a person who is gone neither pays nor reads any more."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from chat.access import Actor
from chat.claude.run import lease
from chat.messages import replies
from chat.models import Charge, ChargeState, Membership, Reply, ReplyState, Room
from chat.protocol import requests
from chat.rooms import bans, members, operators
from tests.chat.claude.talk import asks, ends
from tests.chat.conftest import Listening
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User, carol: User) -> Room:
    return room_of(alice, "den", "session", members=[bob, carol])


def remove(alice: User, bob: User) -> None:
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", "bob"))


def ban(alice: User, bob: User) -> None:
    bans.ban_member(Actor.of(alice), requests.BanMember("den", "bob"))


def quit_(alice: User, bob: User) -> None:
    members.quit_room(Actor.of(bob), requests.QuitRoom("den"))


def remove_as_operator(alice: User, bob: User) -> None:
    operators.remove_member(Membership.objects.get(user=bob), Actor.of(alice))


@pytest.mark.parametrize("lose", [remove, ban, quit_, remove_as_operator], ids=lambda lose: lose.__name__)
def test_a_prompt_that_waits_is_withdrawn_with_its_authors_membership(
    alice: User, bob: User, carol: User, den: Room, told: Listening, lose: Callable[[User, User], None]
) -> None:
    bobs, carols = asks(bob, den, "bob asks"), asks(carol, den, "carol asks")
    with told() as heard:
        lose(alice, bob)
    bobs.refresh_from_db()
    assert (bobs.state, bobs.stop_reason) == (ReplyState.STOPPED, "stopped")
    assert [event["message"]["id"] for event in heard.of("stream_end")] == [str(bobs.message_id)]
    claimed = lease.claim_next("here")
    assert claimed is not None and claimed.pk == carols.pk, "others' prompts wait on"


@pytest.mark.parametrize("state", [ReplyState.RUNNING, ReplyState.COMPLETE])
def test_what_claude_says_already_is_the_rooms(alice: User, bob: User, den: Room, state: ReplyState) -> None:
    reply = ends(asks(bob, den, "bob asks"), "so far", state)
    remove(alice, bob)
    reply.refresh_from_db()
    assert reply.state == state


def test_a_retry_ends_with_the_person_who_asked_for_it_not_with_the_prompts_author(
    alice: User, bob: User, carol: User, den: Room
) -> None:
    message = ends(asks(bob, den, "bob asks"), "hm").message
    replies.retry_reply(Actor.of(carol), requests.RetryReply(str(message.pk)))
    remove(alice, bob)
    assert Reply.objects.get(message=message, version=2).state == ReplyState.QUEUED
    members.quit_room(Actor.of(carol), requests.QuitRoom("den"))
    assert Reply.objects.get(message=message, version=2).state == ReplyState.STOPPED
    assert Charge.objects.get().state == ChargeState.RELEASED, "nothing is paid for it"


def deactivate(bob: User) -> None:
    bob.is_active = False
    bob.save(update_fields=["is_active"])


def lose_the_row(bob: User) -> None:
    Membership.objects.filter(user=bob).delete()


def delete_account(bob: User) -> None:
    bob.delete()


@pytest.mark.parametrize("lose", [deactivate, lose_the_row, delete_account], ids=lambda lose: lose.__name__)
def test_when_its_turn_comes_a_prompt_only_gets_a_reply_if_its_author_may_still_ask(
    bob: User, carol: User, den: Room, lose: Callable[[User], Any]
) -> None:
    bobs, carols = asks(bob, den, "bob asks"), asks(carol, den, "carol asks")
    lose(bob)
    claimed = [lease.claim_next("here"), lease.claim_next("here")]
    assert [reply.pk for reply in claimed if reply is not None] == [carols.pk]
    bobs.refresh_from_db()
    assert bobs.state == ReplyState.STOPPED
