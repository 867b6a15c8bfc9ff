"""Unsent text follows in every tab; the higher version wins, whatever comes late."""

import time
from functools import partial

import pytest
from msgspec import UNSET

from accounts.models import User
from chat.access import Actor
from chat.messages import drafts
from chat.models import Draft, Room
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from tests.chat.conftest import Listening
from tests.chat.fixtures import in_threads, refused, room_of

pytestmark = pytest.mark.django_db


def save(user: User, content: str, version: int, slug: str = "den") -> wire.DraftFact:
    return drafts.save_draft(Actor.of(user), requests.SaveDraft(slug, content, version))


def shown(user: User, slug: str = "den") -> wire.Draft | None:
    return drafts.of(Room.objects.get(slug=slug), Actor.of(user))


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", members=[bob])


def test_a_draft_is_told_to_my_own_tabs_only(alice: User, bob: User, den: Room, told: Listening) -> None:
    assert shown(alice) is None
    with told() as heard:
        fact = save(alice, "hel", 1)
    assert fact == wire.DraftFact("den", "hel", 1, Actor.of(alice).ref)
    assert [(group, type_) for group, type_, _data in heard.events] == [(f"user:{alice.pk}", "draft_updated")]
    assert shown(alice) == wire.Draft("hel", 1) and shown(bob) is None


def test_a_sessions_draft_is_shared_by_its_members(alice: User, bob: User, told: Listening) -> None:
    room_of(alice, "demo", "session", members=[bob])
    with told() as heard:
        save(alice, "from alice", 1, "demo")
        save(bob, "from bob", 2, "demo")
    assert [group for group, _type, _data in heard.events] == ["room:demo"] * 2
    assert heard.events[1][2]["user"]["username"] == "bob"
    theirs = wire.Draft("from bob", 2, Actor.of(bob).ref)
    assert shown(alice, "demo") == shown(bob, "demo") == theirs and Draft.objects.count() == 1
    bob.display_name = "Bob Tables"
    bob.save()
    assert shown(alice, "demo") == wire.Draft("from bob", 2, wire.UserRef(str(bob.pk), "bob", "Bob Tables"))
    bob.delete()
    assert shown(alice, "demo") == wire.Draft("from bob", 2), "a draft outlives the account of who wrote it"
    save(alice, "", 3, "demo")
    assert shown(alice, "demo") == wire.Draft("", 3)


def test_only_a_higher_version_is_accepted_and_the_refusal_tells_what_is_stored(
    alice: User, den: Room, told: Listening
) -> None:
    save(alice, "newer", 5)
    for version in (0, 4, 5):
        with told() as heard, refused(ErrorCode.CONFLICT) as caught:
            save(alice, "older", version)
        assert caught.value.details == {"content": "newer", "version": 5} and heard.events == []
    save(alice, "", 6)
    assert shown(alice) == wire.Draft("", 6)


def milliseconds() -> int:
    return int(time.time() * 1000)


@pytest.mark.parametrize("kind", ["closed", "session"])
@pytest.mark.parametrize("ahead", [2**53 - 1, 2**53 - 2, 2**52])
def test_no_version_is_so_high_that_it_would_be_the_last(alice: User, bob: User, kind: str, ahead: int) -> None:
    room_of(alice, "den", kind, members=[bob])
    for stored in (0, 7):
        if stored:
            save(alice, "words", stored)
        with refused(ErrorCode.VALIDATION_ERROR) as caught:
            save(alice, "mine forever", ahead)
        assert caught.value.details == {"path": "$.version"}
    save(bob if kind == "session" else alice, "the next", 8)
    assert Draft.objects.get().content == "the next"


def test_versions_may_be_counted_with_gaps_or_be_the_time_in_milliseconds(alice: User, den: Room) -> None:
    for version in (1, 1001, 1500, milliseconds(), milliseconds() + 50_000):
        assert save(alice, "text", version).version == version
    with refused(ErrorCode.VALIDATION_ERROR):
        save(alice, "text", milliseconds() + 120_000)
    save(alice, "text", Draft.objects.get().version + 1)


def test_after_the_highest_version_there_is_always_a_next_one(alice: User, den: Room) -> None:
    for _ in range(20):
        drafts_version = Draft.objects.first().version if Draft.objects.exists() else 0  # type: ignore[union-attr]
        save(alice, "as high as may be", max(drafts_version + 1000, milliseconds() + 50_000))
    assert Draft.objects.get().version < milliseconds() + 100_000


def test_the_first_version_is_at_least_one(alice: User, den: Room) -> None:
    with refused(ErrorCode.CONFLICT) as caught:
        save(alice, "text", 0)
    assert caught.value.details == {"content": "", "version": 0} and not Draft.objects.exists()


def test_a_draft_has_at_most_as_many_characters_as_a_message(alice: User, den: Room, settings: object) -> None:
    settings.CONTENT_CHARS = 10  # type: ignore[attr-defined]
    save(alice, "x" * 10, 1)
    with refused(ErrorCode.VALIDATION_ERROR):
        save(alice, "x" * 11, 2)


def test_an_outsider_keeps_no_draft_in_a_room(mallory: User, den: Room) -> None:
    for slug in ("den", "nowhere"):
        with refused(ErrorCode.NOT_FOUND):
            save(mallory, "text", 1, slug)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
@pytest.mark.parametrize("kind", ["closed", "session"])
def test_of_saves_in_the_same_moment_the_highest_version_stays(alice: User, bob: User, kind: str) -> None:
    room_of(alice, "den", kind, members=[bob])
    for start in range(1, 31, 6):
        results = in_threads(*[partial(save, alice, f"text {start + n}", start + n) for n in range(6)])
        by = Actor.of(alice).ref if kind == "session" else UNSET
        assert shown(alice) == wire.Draft(f"text {start + 5}", start + 5, by)
        refusals = [result for result in results if isinstance(result, Exception)]
        assert all(isinstance(each, ProtocolError) and each.code is ErrorCode.CONFLICT for each in refusals), refusals
    results = in_threads(*[partial(save, user, f"{user}", 100) for user in (alice, bob)])
    assert sum(isinstance(result, ProtocolError) for result in results) == (kind == "session")
    assert Draft.objects.count() == (1 if kind == "session" else 2)
