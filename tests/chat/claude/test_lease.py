"""Leases: a reply ends when its runner is gone, and only then."""

from typing import Any

import pytest

from accounts.models import User
from chat.claude import lease
from chat.models import Reply, ReplyState, Room
from tests.chat.claude.talk import asks
from tests.chat.fixtures import room_of

pytestmark = pytest.mark.django_db


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
    assert lease.sweep() == 1
    late.refresh_from_db()
    assert late.state == ReplyState.INTERRUPTED


def test_a_process_that_is_late_with_its_leases_does_not_take_itself_for_gone(late: Reply) -> None:
    assert lease.sweep(running_here=[late.pk]) == 0
    late.refresh_from_db()
    assert late.state == ReplyState.RUNNING
