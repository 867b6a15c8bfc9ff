"""Leases: a reply ends when its runner is gone, and only then."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.claude.run import lease
from chat.claude.run.lease import Checkpoint, Verdict
from chat.models import Reply, ReplyState, Room, Usage
from tests.chat.claude.talk import asks
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


def sweep(*running_here: int) -> int:
    """What a process does with the replies that others left behind; return how many it ended."""
    return sum(lease.end_lost(gone, "") for gone in lease.lost(running_here))


@pytest.fixture
def late(settings: Any) -> Reply:
    """A reply that is running, and whose lease is over."""
    settings.REPLY_LEASE_SECONDS = -1
    alice = User.objects.create(username="alice")
    room_of(alice, "den")
    waiting = asks(alice, Room.objects.get(slug="den"), "Tell me")
    claimed = lease.claim_next("this process")
    assert claimed is not None and claimed.pk == waiting.pk
    return claimed


def test_a_reply_whose_runner_is_gone_is_interrupted(late: Reply) -> None:
    assert sweep() == 1
    late.refresh_from_db()
    assert late.state == ReplyState.INTERRUPTED


def test_a_process_that_is_late_with_its_leases_does_not_take_itself_for_gone(late: Reply) -> None:
    assert sweep(late.pk) == 0
    late.refresh_from_db()
    assert late.state == ReplyState.RUNNING


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_waits_for_nobody_who_holds_the_room() -> None:
    """Who stops a reply holds its room and wants the reply; the checkpoint holds the reply, and its key is the room's."""
    if connection.vendor == "sqlite":
        return  # there a transaction that writes is alone
    alice = User.objects.create(username="alice")
    room_of(alice, "den")
    asks(alice, Room.objects.get(slug="den"), "Tell me")
    reply = lease.claim_next("this process")
    assert reply is not None
    said = Checkpoint(reply.pk, reply.epoch, "Once", "", 1, [], Usage())

    def checkpoint() -> dict[int, Verdict]:
        try:
            return lease.checkpoint([said])
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads, transaction.atomic():
        access.locked_room_for(Actor.of(alice), "den")
        assert threads.submit(checkpoint).result() == {reply.pk: Verdict.GO_ON}
