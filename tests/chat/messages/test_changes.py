"""What may happen to a message later: each change takes a number and is told once; what changes nothing takes none."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from msgspec import UNSET

from accounts.models import User
from chat import markdown
from chat.access import Actor
from chat.messages import changes
from chat.messages.posting import store
from chat.models import Mention, Message, Reaction, Room
from chat.presenter import REACTION_NAMES
from chat.protocol import requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.rooms import rooms
from tests.chat.conftest import Listening, person
from tests.chat.fixtures import a_post, refused, room_of, say, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def den(alice: User, bob: User, carol: User) -> Room:
    return room_of(alice, "den", members=[bob], moderators=[carol])


@pytest.fixture
def bobs(den: Room, bob: User) -> wire.Message:
    return say(bob, "den", "hello")[0]


def edit(user: User, message: wire.Message, content: str) -> wire.Message:
    return changes.edit_message(Actor.of(user), message.id, content, markdown.render(content)).message


def delete(user: User, message: wire.Message) -> wire.Message:
    return changes.delete_message(Actor.of(user), requests.DeleteMessage(message.id)).message


def react(user: User, message: wire.Message, emoji: str = "🎉") -> wire.Message:
    return changes.add_reaction(Actor.of(user), requests.AddReaction(message.id, emoji)).message


def unreact(user: User, message: wire.Message, emoji: str = "🎉") -> wire.Message:
    return changes.remove_reaction(Actor.of(user), requests.RemoveReaction(message.id, emoji)).message


def edit_to_bye(user: User, message: wire.Message) -> wire.Message:
    return edit(user, message, "bye")


# --- Changes and their numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", [edit_to_bye, delete, react])
def test_a_change_takes_the_next_number_keeps_the_place_and_is_told_once(
    bob: User, bobs: wire.Message, told: Listening, act: Callable[[User, wire.Message], wire.Message]
) -> None:
    say(bob, "den", "later")
    with told() as heard:
        changed = act(bob, bobs)
    assert (changed.id, changed.seq, changed.change) == (bobs.id, 1, 3)
    assert Room.objects.get(slug="den").change == 3
    ((group, type_, data),) = heard.events
    assert (group, type_, data["change"], data["message"]["seq"]) == ("room:den", "message_updated", 3, 1)


def test_an_edit_mentions_no_more_people_than_a_post(alice: User, den: Room) -> None:
    crowd = [person(f"guest-{n}") for n in range(60)]
    for each in crowd:
        den.memberships.create(user=each)
    text = " ".join(f"@{each.username}" for each in crowd)
    (posted, other) = say(alice, "den", text, "hello")
    edited = edit(alice, other, text)
    assert edited.mentions == posted.mentions and len(edited.mentions) == 50
    assert Mention.objects.filter(message=int(other.id)).count() == 50
    back = edit(alice, other, text)
    assert back.mentions == posted.mentions, "again is the same"


def test_an_edit_notifies_those_whom_it_names_first(
    alice: User, bob: User, carol: User, den: Room, told: Listening
) -> None:
    (message,) = say(alice, "den", "hello @carol")
    with told() as heard:
        both, again = "hello @bob @carol", "hello, @bob and @carol"
        edited = changes.edit_message(Actor.of(alice), message.id, both, markdown.render(both))
        changes.edit_message(Actor.of(alice), message.id, again, markdown.render(again))
    assert edited.named == [bob.pk]
    (told_to_bob,) = heard.of("notification", f"user:{bob.pk}")
    assert (told_to_bob["kind"], told_to_bob["message"]["id"]) == ("mention", message.id)
    assert heard.of("notification", f"user:{carol.pk}") == []


def test_an_edit_replaces_text_html_and_mentions(alice: User, bob: User, carol: User, den: Room) -> None:
    (message,) = say(alice, "den", "hi @bob")
    edited = edit(alice, message, "**hi** @carol and @stranger")
    assert edited.content == "**hi** @carol and @stranger" and "<strong>hi</strong>" in str(edited.html)
    assert edited.mentions == [str(carol.pk)] and edited.editedAt is not UNSET and edited.createdAt == message.createdAt
    assert list(Mention.objects.values_list("user", "seq")) == [(carol.pk, message.seq)]


def test_a_deleted_message_stays_as_a_tombstone_without_content(alice: User, bob: User, den: Room) -> None:
    (message,) = say(bob, "den", "secret @alice")
    react(alice, message)
    gone = delete(bob, message)
    assert (gone.content, gone.html, gone.reactions, gone.mentions) == ("", "", [], [])
    assert gone.deletedAt is not UNSET and gone.author is not None and gone.author.username == "bob"
    row = Message.objects.get(pk=int(message.id))
    assert (row.content, row.html, row.deleted_by) == ("", "", bob)
    assert not Reaction.objects.exists() and not Mention.objects.exists()


def test_deleting_twice_is_one_change(bob: User, bobs: wire.Message, told: Listening) -> None:
    first = delete(bob, bobs)
    with told() as heard:
        assert delete(bob, bobs) == first
    assert heard.events == [] and Room.objects.get(slug="den").change == 2


def test_a_reaction_is_put_once_and_taken_off_once(alice: User, bob: User, bobs: wire.Message, told: Listening) -> None:
    assert react(alice, bobs).reactions == [wire.Reaction("🎉", [Actor.of(alice).ref])]
    changed = react(bob, bobs)
    assert [user.username for user in changed.reactions[0].users] == ["alice", "bob"]
    with told() as heard:
        assert react(bob, bobs) == changed
        assert unreact(alice, bobs, "👎") == changed
    assert heard.events == []
    left = unreact(alice, bobs)
    assert [user.username for user in left.reactions[0].users] == ["bob"] and left.change == 4
    assert unreact(bob, bobs).reactions == []


def test_of_many_people_behind_an_emoji_the_first_are_named_and_all_are_counted(
    alice: User, bob: User, bobs: wire.Message, told: Listening
) -> None:
    people = User.objects.bulk_create(User(username=f"person-{number}") for number in range(30))
    Reaction.objects.bulk_create(
        Reaction(message_id=int(bobs.id), user=person, emoji="🎉") for person in people[:REACTION_NAMES]
    )
    whole = react(bob, bobs, "👍").reactions
    assert [(each.emoji, len(each.users), each.count) for each in whole] == [
        ("🎉", REACTION_NAMES, UNSET),
        ("👍", 1, UNSET),
    ]
    Reaction.objects.bulk_create(
        Reaction(message_id=int(bobs.id), user=person, emoji="🎉") for person in people[REACTION_NAMES:]
    )
    cut = react(alice, bobs).reactions[0]
    assert [user.username for user in cut.users] == [f"person-{number}" for number in range(REACTION_NAMES)]
    assert cut.count == 31
    own = changes.own_reactions(Actor.of(alice), requests.OwnReactions(bobs.id))
    assert (own.message, own.emoji) == (bobs.id, ["🎉"])
    assert unreact(alice, bobs).reactions[0].count == 30
    assert changes.own_reactions(Actor.of(alice), requests.OwnReactions(bobs.id)).emoji == []


def test_own_reactions_are_for_members_and_a_strange_message_looks_like_none(
    alice: User, mallory: User, bobs: wire.Message
) -> None:
    said = []
    for message_id in (bobs.id, "999999"):
        with refused(ErrorCode.NOT_FOUND) as caught:
            changes.own_reactions(Actor.of(mallory), requests.OwnReactions(message_id))
        said.append(caught.value.message)
    assert said[0] == said[1]


def test_different_reactions_are_bounded(alice: User, bob: User, carol: User, bobs: wire.Message) -> None:
    emoji = [chr(0x1F600 + n) for n in range(21)]
    for number, each in enumerate(emoji[:20]):
        react(alice if number % 2 else bob, bobs, each)
    with refused(ErrorCode.REQUEST_FAILED):
        react(carol, bobs, emoji[20])
    assert len(react(carol, bobs, emoji[0]).reactions) == 20, "one that is there already may still be joined"


def test_one_person_puts_ten_reactions_on_a_message_and_leaves_room_for_others(
    alice: User, bob: User, bobs: wire.Message
) -> None:
    emoji = [chr(0x1F600 + n) for n in range(11)]
    for each in emoji[:10]:
        react(alice, bobs, each)
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        react(alice, bobs, emoji[10])
    assert caught.value.message == "You have put 10 reactions on this message. Remove one first."
    assert len(react(alice, bobs, emoji[0]).reactions) == 10, "one that is there stays without a complaint"
    assert len(react(bob, bobs, emoji[10]).reactions) == 11
    unreact(alice, bobs, emoji[0])
    react(alice, bobs, emoji[10])


def test_all_reactions_to_a_message_are_bounded_together(
    alice: User, bob: User, bobs: wire.Message, settings: Any
) -> None:
    settings.REACTIONS_PER_MESSAGE = 3
    for who, emoji in ((alice, "👍"), (bob, "👍"), (alice, "🎉")):
        react(who, bobs, emoji)
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        react(bob, bobs, "🎉")
    assert caught.value.message == "This message has 3 reactions, the most there can be."
    unreact(alice, bobs, "👍")
    react(bob, bobs, "🎉")


@pytest.mark.parametrize("emoji", ["👍", "❤️", "👩🏽‍🚀", "🏳️‍🌈", "🇨🇭", "1️⃣", "#️⃣", "☕", "™️", "‼️", "➕"])
def test_emoji_are_emoji(emoji: str) -> None:
    assert changes.checked_emoji(emoji) == emoji


@pytest.mark.parametrize(
    "text", ["a", "ok", "1", "👍a", " ", "👍 ", "\u200d", "\ufe0f", "Ω", "<", "\u202e", "é", "٣", "1!", "...", "100%"]
)
def test_text_is_no_emoji(text: str) -> None:
    with refused(ErrorCode.VALIDATION_ERROR):
        changes.checked_emoji(text)


# --- Who may, and when ---------------------------------------------------------------------------------------------------


def test_only_the_author_may_edit(alice: User, carol: User, bobs: wire.Message) -> None:
    for other in (alice, carol):
        with refused(ErrorCode.UNAUTHORIZED):
            edit(other, bobs, "not mine")
    assert Message.objects.get(pk=int(bobs.id)).content == "hello"


@pytest.mark.parametrize(("name", "may"), [("alice", True), ("bob", True), ("carol", True), ("dave", False)])
def test_authors_and_moderators_may_delete(den: Room, bobs: wire.Message, name: str, may: bool) -> None:
    dave, _created = User.objects.get_or_create(username="dave")
    den.memberships.create(user=dave)
    user = User.objects.get(username=name)
    if may:
        delete(user, bobs)
    else:
        with refused(ErrorCode.UNAUTHORIZED):
            delete(user, bobs)
    assert (Message.objects.get(pk=int(bobs.id)).deleted_at is not None) == may


@pytest.mark.parametrize("act", [edit_to_bye, delete, react, unreact])
def test_an_outsider_can_never_tell_a_message_of_a_closed_room_from_none(
    mallory: User, bobs: wire.Message, act: Callable[[User, wire.Message], wire.Message]
) -> None:
    nothing = wire.Message(
        id="999999999999",
        room="den",
        seq=1,
        change=1,
        kind="text",
        author=None,
        content="",
        html="",
        createdAt=0,
        reactions=[],
        mentions=[],
    )
    said = []
    for message in (bobs, nothing):
        with refused(ErrorCode.NOT_FOUND) as caught:
            act(mallory, message)
        said.append((caught.value.message, caught.value.details))
    assert said[0] == said[1]


@pytest.mark.parametrize("act", [edit_to_bye, react, unreact])
def test_a_tombstone_cannot_be_changed(
    bob: User, bobs: wire.Message, act: Callable[[User, wire.Message], wire.Message]
) -> None:
    delete(bob, bobs)
    with refused(ErrorCode.REQUEST_FAILED):
        act(bob, bobs)


@pytest.mark.parametrize("act", [edit_to_bye, react, unreact])
def test_in_an_archived_room_nothing_is_edited_and_nobody_reacts(
    bob: User, den: Room, bobs: wire.Message, act: Callable[[User, wire.Message], wire.Message]
) -> None:
    Room.objects.update(archived_at=timezone.now())
    with refused(ErrorCode.REQUEST_FAILED):
        act(bob, bobs)
    assert delete(bob, bobs).deletedAt is not UNSET, "taking back one's words is always possible"


@pytest.mark.parametrize("act", [edit_to_bye, delete, react, unreact])
def test_a_notice_cannot_be_changed(alice: User, bob: User, act: Callable[[User, wire.Message], wire.Message]) -> None:
    actor = Actor.of(alice)
    rooms.create_room(actor, requests.CreateRoom(room="hall", name="Hall"))
    rooms.update_room(actor, requests.UpdateRoom("hall", topic="Talk"))
    notice = Message.objects.get(room__slug="hall", kind="topic")
    with refused(ErrorCode.REQUEST_FAILED):
        act(
            alice,
            wire.Message(
                id=str(notice.pk),
                room="hall",
                seq=1,
                change=1,
                kind="topic",
                author=None,
                content="",
                html="",
                createdAt=0,
                reactions=[],
                mentions=[],
            ),
        )


def test_who_has_left_may_not_touch_their_old_messages(bob: User, den: Room, bobs: wire.Message) -> None:
    den.memberships.filter(user=bob).delete()
    for act in (edit_to_bye, delete, react):
        with refused(ErrorCode.NOT_FOUND):
            act(bob, bobs)


def test_a_message_that_replies_shows_the_newest_state_of_its_target(
    alice: User, bob: User, bobs: wire.Message
) -> None:
    (reply,) = stored(store([a_post(alice, "den", "re", reply_to=int(bobs.id))]))
    edit(bob, bobs, "edited")
    newest = react(bob, reply)
    assert newest.replyTo is not UNSET and newest.replyTo.excerpt == "edited"
    delete(bob, bobs)
    newest = unreact(bob, reply)
    assert newest.replyTo is not UNSET and newest.replyTo.deleted and newest.replyTo.excerpt == ""


def test_an_operator_deletes_without_being_in_the_room(ruth: User, bobs: wire.Message, told: Listening) -> None:
    row = Message.objects.get(pk=int(bobs.id))
    with told() as heard:
        changes.delete_as_operator(row, Actor.of(ruth))
        changes.delete_as_operator(row, Actor.of(ruth))
    assert [type_ for _group, type_, _data in heard.events] == ["message_updated"]
    assert heard.events[0][2]["message"]["content"] == "" and Message.objects.get().deleted_by == ruth


def errors_of(*works: Callable[[], Any]) -> list[str]:
    found = []
    for work in works:
        try:
            work()
        except ProtocolError as error:
            found.append(str(error.code))
        else:
            found.append("")
    return found


def test_ids_that_no_message_has_are_not_found(bob: User, den: Room) -> None:
    def of(id_: str) -> Callable[[], Any]:
        return lambda: changes.delete_message(Actor.of(bob), requests.DeleteMessage(id_))

    assert errors_of(of("1"), of("999999999999999999")) == ["NOT_FOUND"] * 2
