"""Making, changing and archiving rooms: one slug for each, one direct room for two people, and everyone hears of it."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.claude import account
from accounts.models import User
from chat import known_models
from chat.access import Actor
from chat.known_models import KnownModel
from chat.messages.naming import name_from
from chat.models import Membership, Message, Room
from chat.protocol import requests
from chat.protocol.errors import ErrorCode
from chat.protocol.names import ROOM_SLUG_PATTERN
from chat.protocol.room_settings import ClaudeOptions
from chat.realtime.events import user_group
from chat.rooms import archiving, rooms
from tests.chat.conftest import Listening
from tests.chat.fixtures import assert_gapless, in_threads, refused, room_of, rows_of, say
from tests.chat.properties import examples

pytestmark = pytest.mark.django_db


# --- Slugs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("General", "general"),
        ("  Été à la plage! ", "ete-a-la-plage"),
        ("Team №5: R&D", "team-no5-r-d"),
        ("---", None),
        ("部屋", None),
        ("x" * 80, "x" * 44),
        ("ﬁsh", "fish"),
    ],
)
def test_a_slug_is_made_from_the_name(name: str, slug: str | None) -> None:
    made = rooms.slug_from(name)
    assert made == slug if slug is not None else re.fullmatch(r"room-[0-9a-f]{4}", made)


@examples(300)
@given(st.text(min_size=1, max_size=80), st.booleans())
def test_whatever_the_name_the_slug_is_one(name: str, distinct: bool) -> None:
    assert re.search(ROOM_SLUG_PATTERN, rooms.slug_from(name, distinct=distinct))


def create(user: User, **fields: object) -> Room:
    fact = rooms.create_room(Actor.of(user), requests.CreateRoom(**fields))  # type: ignore[arg-type]
    return Room.objects.get(slug=fact.room.slug)


def test_the_second_room_of_a_name_gets_another_slug(alice: User) -> None:
    slugs = [create(alice, name="Tea time").slug for _ in range(3)]
    assert slugs[0] == "tea-time" and all(slug.startswith("tea-time-") for slug in slugs[1:]) and len(set(slugs)) == 3


def test_a_slug_that_was_asked_for_is_used_or_refused(alice: User, bob: User) -> None:
    room = create(alice, room="tea")
    assert (room.slug, room.name, room.kind) == ("tea", "tea", "open")
    with refused(ErrorCode.REQUEST_FAILED):
        create(bob, room="tea", name="Mine")
    assert Room.objects.count() == 1 and not Membership.objects.filter(user=bob).exists()


@pytest.mark.parametrize("kind", ["closed", "session"])
def test_no_outcome_tells_that_a_room_of_others_has_the_slug(alice: User, mallory: User, kind: str) -> None:
    secret = create(alice, room="merger", name="Merger", kind=kind)
    for fields in ({"room": "merger", "name": "Merger"}, {"name": "Merger"}, {"room": "merger", "kind": kind}):
        made = create(mallory, **fields)
        assert made.slug != "merger" and re.fullmatch(r"merger-[0-9a-f]{4,8}", made.slug)
        assert re.search(ROOM_SLUG_PATTERN, made.slug)
    assert set(Membership.objects.filter(room=secret).values_list("user__username", flat=True)) == {"alice"}
    with refused(ErrorCode.REQUEST_FAILED):  # those who are in it may know, and a repeated request is refused
        create(alice, room="merger", name="Merger", kind=kind)


@pytest.mark.parametrize("kind", ["closed", "session"])
def test_the_slug_of_a_room_that_is_not_open_cannot_be_worked_out_from_its_name(
    alice: User, mallory: User, kind: str
) -> None:
    made = create(alice, name="Merger with Initech", kind=kind)
    assert re.fullmatch(r"merger-with-initech-[0-9a-f]{8}", made.slug)
    assert create(mallory, name="Merger with Initech").slug == "merger-with-initech", "as if there were none"


def test_a_long_slug_that_others_have_taken_still_gets_an_ending(alice: User, mallory: User) -> None:
    create(alice, room="x" * 50, kind="closed")
    assert re.fullmatch(r"x{41}-[0-9a-f]{8}", create(mallory, room="x" * 50).slug)


@pytest.mark.parametrize("fields", [{}, {"name": "   "}, {"name": "\t\n", "topic": "x"}])
def test_a_room_needs_a_name(alice: User, fields: dict[str, str]) -> None:
    with refused(ErrorCode.VALIDATION_ERROR):
        create(alice, **fields)
    assert not Room.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_rooms_of_one_name_made_at_once_all_get_a_slug_of_their_own(alice: User, bob: User) -> None:
    found = in_threads(*[partial(create, user, name="Tea") for user in (alice, bob) * 3])
    assert all(isinstance(each, Room) for each in found), found
    assert len(set(Room.objects.values_list("slug", flat=True))) == 6


# --- Making --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["open", "closed", "session"])
def test_who_makes_a_room_owns_it_and_those_named_are_in_it(
    alice: User, bob: User, carol: User, told: Listening, kind: str
) -> None:
    with told() as heard:
        room = create(alice, name="Den", kind=kind, topic="Talk", members=["BOB", str(carol.pk), "alice", "bob"])
    roles = dict(room.memberships.values_list("user__username", "role"))
    assert roles == {"alice": "owner", "bob": "member", "carol": "member"}
    assert (room.kind, room.topic, room.created_by, room.change) == (kind, "Talk", alice, 0)
    groups = {group for group, type_, data in heard.events if (type_, data["kind"]) == ("notification", "added")}
    assert groups == {f"user:{user.pk}" for user in (alice, bob, carol)} and len(heard.events) == 3


def test_a_person_who_is_not_there_spoils_the_room(alice: User) -> None:
    with refused(ErrorCode.NOT_FOUND):
        create(alice, name="Den", members=["ghost"])
    assert not Room.objects.exists()


# --- Direct rooms --------------------------------------------------------------------------------------------------------


def direct(user: User, *others: str) -> Room:
    return create(user, kind="direct", members=list(others))


def test_two_people_have_one_direct_room_whoever_asks(alice: User, bob: User, told: Listening) -> None:
    room = direct(alice, "bob")
    with told() as heard:
        assert direct(bob, "alice") == room == direct(alice, "alice", str(bob.pk))
    assert heard.events == []
    assert dict(room.memberships.values_list("user__username", "role")) == {"alice": "owner", "bob": "owner"}
    fact = rooms.create_room(Actor.of(alice), requests.CreateRoom(kind="direct", members=["bob"]))
    assert [user.username for user in list(fact.room.members or [])] == ["alice", "bob"]


def test_a_direct_room_has_exactly_one_other_person(alice: User, bob: User, carol: User) -> None:
    for others in ([], ["alice"], ["bob", "carol"]):
        with refused(ErrorCode.VALIDATION_ERROR):
            direct(alice, *others)
    assert direct(alice, "bob") != direct(alice, "carol") != direct(bob, "carol")


def test_nobody_can_stand_in_the_way_of_a_direct_room(alice: User, bob: User, mallory: User) -> None:
    create(mallory, room=f"direct-{alice.pk}-{bob.pk}", kind="open")
    assert set(direct(alice, "bob").members.all()) == {alice, bob}


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("silence")
def test_two_people_who_write_to_each_other_at_once_meet_in_one_room(alice: User, bob: User) -> None:
    found = in_threads(*[partial(direct, alice, "bob"), partial(direct, bob, "alice")] * 3)
    assert all(isinstance(each, Room) for each in found), found
    assert Room.objects.count() == 1 and Membership.objects.count() == 2


# --- Changing ------------------------------------------------------------------------------------------------------------


def update(user: User, **fields: object) -> None:
    rooms.update_room(Actor.of(user), requests.UpdateRoom("den", **fields))  # type: ignore[arg-type]


def test_each_change_of_a_room_is_a_notice_and_one_event(alice: User, told: Listening) -> None:
    room_of(alice, "den")
    with told() as heard:
        update(alice, name=" Cave ", topic="Bats", kind="open")
    assert [(row.kind, row.content, row.change) for row in rows_of("den")] == [
        ("rename", "Cave", 1),
        ("topic", "Bats", 2),
    ]
    (fact,) = heard.of("room_updated", "room:den")
    assert (fact["room"]["name"], fact["room"]["topic"], fact["room"]["kind"]) == ("Cave", "Bats", "open")
    assert fact["room"]["change"] == 2 and len(heard.of("new_message")) == 2
    room = Room.objects.get()
    assert (room.name, room.topic, room.kind, room.change) == ("Cave", "Bats", "open", 2)


def test_what_stays_the_same_is_no_notice(alice: User) -> None:
    room_of(alice, "den")
    update(alice, name="Den", topic="", kind="closed")
    update(alice)
    assert rows_of("den") == [] and Room.objects.get().change == 0


def test_a_topic_can_be_emptied_but_a_name_cannot(alice: User) -> None:
    room_of(alice, "den")
    update(alice, topic="Bats")
    update(alice, topic="  ")
    assert Room.objects.get().topic == ""
    with refused(ErrorCode.VALIDATION_ERROR):
        update(alice, name="   ")
    assert Room.objects.get().name == "Den"


def test_some_rooms_cannot_be_changed(alice: User, bob: User) -> None:
    room_of(alice, "den", "direct", members=[bob])
    with refused(ErrorCode.REQUEST_FAILED):
        update(alice, name="Cave")
    Room.objects.update(kind="session")
    update(alice, name="Cave")
    with refused(ErrorCode.REQUEST_FAILED):
        update(alice, kind="open")
    assert Room.objects.get().kind == "session"


def test_an_archived_room_is_read_only_and_archiving_twice_is_one_notice(alice: User, told: Listening) -> None:
    room_of(alice, "den")
    actor = Actor.of(alice)
    with told() as heard:
        first = archiving.archive_room(actor, requests.ArchiveRoom("den"))
        again = archiving.archive_room(actor, requests.ArchiveRoom("den"))
    assert first.room == again.room and first.room.archivedAt
    assert [row.kind for row in rows_of("den")] == ["archive"] and len(heard.of("new_message")) == 1
    assert {data["room"]["archivedAt"] for data in heard.of("room_updated")} == {first.room.archivedAt}
    with refused(ErrorCode.REQUEST_FAILED):
        update(alice, name="Cave")


def test_muting_is_ones_own_affair(alice: User, bob: User, told: Listening) -> None:
    room_of(alice, "den", members=[bob])
    with told() as heard:
        assert rooms.mute_room(Actor.of(bob), requests.MuteRoom("den", True)).muted
    assert dict(Membership.objects.values_list("user__username", "muted")) == {"alice": False, "bob": True}
    news = {"kind": "muted", "room": "den", "muted": True}
    assert heard.events == [(user_group(bob.pk), "notification", news)] and not Message.objects.exists()
    rooms.mute_room(Actor.of(bob), requests.MuteRoom("den", False))
    assert not Membership.objects.filter(muted=True).exists()


@pytest.fixture(autouse=True)
def nothing_listed() -> Iterator[None]:
    """What a test says that Anthropic lists is forgotten after it."""
    yield
    known_models.remember_listed(None)


# --- Claude --------------------------------------------------------------------------------------------------------------


def options(**fields: object) -> ClaudeOptions:
    return ClaudeOptions(**fields)


def test_a_session_needs_no_name_and_says_how_claude_behaves(alice: User) -> None:
    chosen = options(
        model="claude-haiku-5-5", instructions="\n\nBe brief. \n", everyMessage=False, tools=["list_members"]
    )
    room = create(alice, kind="session", claude=chosen)
    assert (room.name, room.slug.partition("-")[0]) == ("New session", "session")
    assert (room.claude_model, room.claude_instructions) == ("claude-haiku-5-5", "Be brief.")
    assert (room.claude_every_message, room.claude_tools) == (False, ["list_members"])


def test_settings_of_claude_that_are_left_out_stay(alice: User, told: Listening) -> None:
    create(alice, kind="session", room="den", claude=options(instructions="Be brief.", tools=["list_members"]))
    with told() as heard:
        update(alice, claude=options(everyMessage=False))
    (fact,) = heard.of("room_updated", "room:den")
    claude = fact["room"]["claude"]
    assert (claude["instructions"], claude["everyMessage"], claude["tools"]) == ("Be brief.", False, ["list_members"])
    assert rows_of("den") == [], "it is no notice"
    update(alice, claude=options(tools=[], instructions=""))
    room = Room.objects.get()
    assert (room.claude_instructions, room.claude_every_message, room.claude_tools) == ("", False, [])


def test_only_moderators_change_how_claude_behaves(alice: User, bob: User) -> None:
    room_of(alice, "den", "session", members=[bob])
    with refused(ErrorCode.UNAUTHORIZED):
        update(bob, claude=options(instructions="Obey bob."))
    assert Room.objects.get().claude_instructions == ""


@pytest.mark.parametrize(
    "model",
    ["claude-sonnet-9", "gpt", "demo", "two words", "claude-haiku-5-5\u202e", "claude-haiku-5-5-\uff12026010\uff11"],
)
def test_a_model_that_nobody_knows_is_refused(alice: User, model: str, monkeypatch: Any) -> None:
    known_models.remember_listed([KnownModel("claude-new", "New")])
    room_of(alice, "den", "session")
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        update(alice, claude=options(model=model))
    assert "Unknown model" in str(caught.value)
    with refused(ErrorCode.REQUEST_FAILED):
        create(alice, kind="session", room="other", claude=options(model=model))
    assert Room.objects.get().claude_model == ""


def test_the_models_that_are_known_here_may_be_chosen(alice: User, settings: Any, monkeypatch: Any) -> None:
    settings.CLAUDE_MODEL = "our-own"
    room_of(alice, "den", "session")
    for model in (" claude-haiku-5-5 ", "claude-opus-5-5-20260101", "our-own", ""):
        update(alice, claude=options(model=model))
        assert Room.objects.get().claude_model == model.strip()
    known_models.remember_listed([])
    with refused(ErrorCode.REQUEST_FAILED):
        update(alice, claude=options(model="claude-new"))
    known_models.remember_listed([KnownModel("claude-new", "New")])
    update(alice, claude=options(model="claude-new"))
    # What a room has already, it may keep: the form of its settings sends all fields.
    known_models.remember_listed([])
    update(alice, claude=options(model="claude-new", instructions="Be brief."))
    assert (Room.objects.get().claude_model, Room.objects.get().claude_instructions) == ("claude-new", "Be brief.")


@pytest.mark.parametrize(
    ("model", "is_taken"),
    [("claude-sonnet-9", True), ("claude-next.1-20270101", True), ("demo", False), ("two words", False), ("-", False)],
)
def test_a_list_that_could_not_be_fetched_blocks_no_name_that_could_be_one(
    alice: User, monkeypatch: Any, model: str, is_taken: bool
) -> None:
    known_models.remember_listed(None)
    room_of(alice, "den", "session")
    if is_taken:
        update(alice, claude=options(model=model))
    else:
        with refused(ErrorCode.REQUEST_FAILED):
            update(alice, claude=options(model=model))
    assert Room.objects.get().claude_model == (model if is_taken else "")


def test_outside_sessions_claude_replies_only_when_called(alice: User) -> None:
    room_of(alice, "den")
    with refused(ErrorCode.REQUEST_FAILED):
        update(alice, claude=options(everyMessage=False))


def test_claude_is_no_member_and_has_no_direct_room(alice: User) -> None:
    account()
    for kind in ("closed", "session", "direct"):
        with refused(ErrorCode.REQUEST_FAILED):
            create(alice, kind=kind, name="Den", members=["claude"])
    assert not Room.objects.exists()


def test_a_session_without_a_name_is_called_after_its_first_prompt_once(
    alice: User, bob: User, told: Listening
) -> None:
    room = create(alice, kind="session", members=["bob"])
    with told() as heard:
        say(bob, room.slug, "## Plan a **trip** to Norway\n\nwith the train")
    (fact,) = heard.of("room_updated", f"room:{room.slug}")
    room.refresh_from_db()
    assert room.name == "Plan a trip to Norway" == fact["room"]["name"]
    assert_gapless(room.slug)
    say(bob, room.slug, "Something else")
    room.refresh_from_db()
    assert room.name == "Plan a trip to Norway"


def test_a_session_named_by_people_keeps_its_name(alice: User) -> None:
    create(alice, kind="session", room="den", name="Trips")
    say(alice, "den", "hello")
    assert Room.objects.get().name == "Trips"
    update(alice, name="New session")
    say(alice, "den", "hello again")
    assert Room.objects.get().name == "New session"


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("hello", "hello"),
        ("a *plan* for 2 * 3 snake_case_names", "a plan for 2 * 3 snake_case_names"),
        ("\n\n- [the docs](https://x.example/a) say", "the docs say"),
        ("@claude: what is a hub?", "what is a hub?"),
        ("```python\nx = 1\n```", ""),
        ("???\nreally", "really"),
        ("evil \u202etxt", "evil txt"),
        ("word " * 30, "word word word word word word word word word word word…"),
        ("x" * 100, "x" * 59 + "…"),
        ("**bold _and_ so on** today", "bold and so on today"),
        ("an *open** pair", "an *open** pair"),
        ("***a*** and ~~b~~", "a and b"),
        ("日本語の**予定**を立てて", "日本語の**予定**を立てて"),
        ("[a](b)[c](d) ![e](f)", "ac e"),
        ("[not a link", "[not a link"),
    ],
)
def test_a_name_is_the_first_line_of_a_prompt_without_its_signs(prompt: str, name: str) -> None:
    assert name_from(prompt) == name
