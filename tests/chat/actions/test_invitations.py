"""Invitation links: good for as long and as often as was said, for one room, and for nobody after that."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.actions import invitations
from chat.models import Invitation, Membership, Room
from chat.protocol.errors import ErrorCode, ProtocolError
from tests.chat.conftest import Listening, person
from tests.chat.fixtures import in_threads, refused, room_of, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User, carol: User) -> Room:
    return room_of(alice, "den", members=[bob], moderators=[carol])


def invite(user: User, uses: int | None = None, days: int = 7, slug: str = "den") -> Invitation:
    return invitations.create(Actor.of(user), slug, days, uses)


def accept(user: User, token: str) -> str:
    return invitations.accept(Actor.of(user), token)


def test_owners_and_moderators_invite(alice: User, bob: User, carol: User, mallory: User, den: Room) -> None:
    assert invite(alice).token != invite(carol).token
    with refused(ErrorCode.UNAUTHORIZED):
        invite(bob)
    for slug in ("den", "nowhere"):
        with refused(ErrorCode.NOT_FOUND):
            invite(mallory, slug=slug)


def test_nobody_is_invited_to_a_direct_room(alice: User, bob: User) -> None:
    room_of(alice, "direct-1", "direct", members=[bob])
    with refused(ErrorCode.REQUEST_FAILED):
        invite(alice, slug="direct-1")


def test_who_accepts_is_a_member_and_everybody_hears_it(alice: User, mallory: User, den: Room, told: Listening) -> None:
    link = invite(alice, uses=2)
    with told() as heard:
        assert accept(mallory, link.token) == "den"
    membership = Membership.objects.get(user=mallory)
    assert (membership.role, membership.last_read_seq) == ("member", 1)
    assert [(row.kind, row.content) for row in rows_of("den")] == [("join", "")]
    assert len(heard.of("member_updated", "room:den")) == 1
    assert accept(mallory, link.token) == "den"
    link.refresh_from_db()
    assert link.uses_left == 1 and len(rows_of("den")) == 1, "a member's click uses nothing up"


def test_a_link_ends_by_time_by_use_by_hand_and_with_its_room(alice: User, den: Room) -> None:
    links = [invite(alice, days=1), invite(alice, uses=1), invite(alice), invite(alice)]
    Invitation.objects.filter(pk=links[0].pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    accept(person("dave"), links[1].token)
    invitations.revoke(Actor.of(alice), links[2].pk)
    late = person("erin")
    for token in (*(link.token for link in links[:3]), "no such token"):
        with refused(ErrorCode.NOT_FOUND):
            accept(late, token)
    assert invitations.look_up(links[3].token) is not None
    Room.objects.update(archived_at=timezone.now())
    assert invitations.look_up(links[3].token) is None
    with refused(ErrorCode.NOT_FOUND):
        accept(late, links[3].token)
    assert not Membership.objects.filter(user=late).exists()


def test_only_those_who_moderate_end_and_list_links(
    alice: User, bob: User, carol: User, mallory: User, den: Room
) -> None:
    link, used_up = invite(alice), invite(alice, uses=1)
    accept(person("dave"), used_up.token)
    assert invitations.of_room(Actor.of(carol), "den") == [link]
    assert invitations.of_room(Actor.of(bob), "den") == []
    with refused(ErrorCode.NOT_FOUND):
        invitations.of_room(Actor.of(mallory), "den")
    with refused(ErrorCode.UNAUTHORIZED):
        invitations.revoke(Actor.of(bob), link.pk)
    for id_ in (link.pk, 999_999):
        with refused(ErrorCode.NOT_FOUND):
            invitations.revoke(Actor.of(mallory), id_)
    invitations.revoke(Actor.of(carol), link.pk)
    assert not Invitation.objects.filter(pk=link.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("uses", [1, 3])
def test_the_last_use_goes_to_exactly_one_of_many_who_click_at_once(alice: User, uses: int) -> None:
    room_of(alice, "den")
    for round_ in range(4):
        link = invite(alice, uses=uses)
        people = [person(f"guest-{round_}-{n}") for n in range(6)]
        results = in_threads(*[partial(accept, user, link.token) for user in people])
        assert results.count("den") == uses
        refusals = [result for result in results if result != "den"]
        assert all(isinstance(each, ProtocolError) and each.code is ErrorCode.NOT_FOUND for each in refusals), refusals
        assert Membership.objects.filter(user__in=people).count() == uses
        link.refresh_from_db()
        assert link.uses_left == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_one_person_who_clicks_in_two_tabs_uses_the_link_once(alice: User, mallory: User) -> None:
    room_of(alice, "den")
    link = invite(alice, uses=5)
    assert in_threads(*[partial(accept, mallory, link.token)] * 4) == ["den"] * 4
    link.refresh_from_db()
    assert link.uses_left == 4 and len(rows_of("den")) == 1
