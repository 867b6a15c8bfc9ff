"""Invitation links: good for as long and as often as was said, for one room, and for no one after that."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from chat.access import Actor
from chat.models import Invitation, Kind, Membership, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import bans, invitations, members, operators
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


# --- A link has no more rights than its maker has now --------------------------------------------------------------------


def demote(alice: User, maker: User) -> None:
    members.set_role(Actor.of(alice), requests.SetRole("den", maker.username, "member"))


def demote_as_operator(alice: User, maker: User) -> None:
    operators.set_role(Membership.objects.get(room__slug="den", user=maker), "member")


def remove(alice: User, maker: User) -> None:
    members.remove_member(Actor.of(alice), requests.RemoveMember("den", maker.username))


def quit_(alice: User, maker: User) -> None:
    members.quit_room(Actor.of(maker), requests.QuitRoom("den"))


def remove_as_operator(alice: User, maker: User) -> None:
    operators.remove_member(Membership.objects.get(room__slug="den", user=maker), Actor.of(alice))


def ban(alice: User, maker: User) -> None:
    bans.ban_member(Actor.of(alice), requests.BanMember("den", maker.username))


def deactivate(alice: User, maker: User) -> None:
    maker.is_active = False
    maker.save(update_fields=["is_active"])


def lose_the_row(alice: User, maker: User) -> None:
    """No action did it: the link is compared with the membership at each use."""
    Membership.objects.filter(room__slug="den", user=maker).delete()


LOSSES = [demote, demote_as_operator, remove, quit_, remove_as_operator, ban, deactivate, lose_the_row]


@pytest.mark.parametrize("lose", LOSSES, ids=lambda lose: lose.__name__)
def test_a_link_ends_with_its_makers_right_to_invite(
    alice: User, carol: User, mallory: User, den: Room, lose: Callable[[User, User], None]
) -> None:
    carols, alices = invite(carol), invite(alice)
    lose(alice, carol)
    assert invitations.look_up(carols.token) is None
    for person_ in (mallory, carol):
        if not Membership.objects.filter(room=den, user=person_).exists():
            with refused(ErrorCode.NOT_FOUND):
                accept(person_, carols.token)
    assert invitations.of_room(Actor.of(alice), "den") == [alices]
    assert accept(person("dave"), alices.token) == "den", "links of others stay good"


@pytest.mark.parametrize("lose", [demote, remove, quit_, ban], ids=lambda lose: lose.__name__)
def test_a_link_does_not_come_back_with_a_new_role(
    alice: User, carol: User, mallory: User, den: Room, lose: Callable[[User, User], None]
) -> None:
    link = invite(carol)
    lose(alice, carol)
    den.bans.all().delete()
    Membership.objects.update_or_create(room=den, user=carol, defaults={"role": "moderator"})
    with refused(ErrorCode.NOT_FOUND):
        accept(mallory, link.token)


def test_a_maker_who_keeps_the_right_keeps_the_links(alice: User, carol: User, mallory: User, den: Room) -> None:
    link = invite(carol)
    members.set_role(Actor.of(alice), requests.SetRole("den", "carol", "owner"))
    assert accept(mallory, link.token) == "den"


def test_no_link_is_made_to_an_archived_room(alice: User, den: Room) -> None:
    Room.objects.update(archived_at=timezone.now())
    with refused(ErrorCode.REQUEST_FAILED):
        invite(alice)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_removing_the_maker_and_using_the_link_at_once_never_lets_in_afterwards(alice: User, carol: User) -> None:
    room_of(alice, "den", moderators=[carol])
    for round_ in range(5):
        Membership.objects.get_or_create(room=Room.objects.get(), user=carol, defaults={"role": "moderator"})
        link, guest = invite(carol), person(f"guest-{round_}")
        in_threads(partial(accept, guest, link.token), partial(remove, alice, carol))
        notices = [(row.kind, row.author_id) for row in rows_of("den")]
        came, went = (Kind.JOIN, guest.pk), len(notices) - 1 - notices[::-1].index((Kind.LEAVE, carol.pk))
        assert came not in notices or notices.index(came) < went


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
