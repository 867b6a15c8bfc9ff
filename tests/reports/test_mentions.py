"""What is shown as a mention is what is told: posted, edited, brought back, and in what Claude is asked."""

import re
from html import unescape

import pytest

from accounts.claude import account
from accounts.models import User
from chat import markdown
from chat.access import Actor
from chat.markdown.mentions import LOOKED_UP_AT_MOST
from chat.messages import changes
from chat.messages.posting import Stored, store
from chat.models import Mention, Message, Room
from chat.protocol import wire
from tests.chat.conftest import person
from tests.chat.fixtures import a_post, room_of, say
from tests.reports.mentions import CALLS, CALLS_NOT, CASES, MEMBERS, STRANGERS, Case

pytestmark = pytest.mark.django_db

_SHOWN = re.compile(r'<span class="mention">(.*?)</span>')


@pytest.fixture
def den(alice: User) -> Room:
    for name in STRANGERS:
        person(name)
    return room_of(alice, "den", members=[person(name) for name in MEMBERS])


def shown_in(message: wire.Message) -> tuple[str, ...]:
    return tuple(_SHOWN.findall(str(message.html)))


def told_by(message: wire.Message) -> set[str]:
    """Return the names of the people who are told, and of those whose mentions are stored: they must be the same."""
    ids = {int(user_id) for user_id in message.mentions}
    assert ids == set(Mention.objects.filter(message=int(message.id)).values_list("user", flat=True))
    return set(User.objects.filter(pk__in=ids).values_list("username", flat=True))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_what_a_post_shows_as_a_mention_is_what_is_told(alice: User, den: Room, case: Case) -> None:
    (message,) = say(alice, "den", case.text)
    assert shown_in(message) == case.shown
    assert told_by(message) == {name[1:].lower() for name in case.shown}
    assert message.html == Message.objects.get().html


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_an_edit_follows_the_same_rule(alice: User, den: Room, case: Case) -> None:
    (message,) = say(alice, "den", "@bob and @joe.smith")
    edited = changes.edit_message(Actor.of(alice), message.id, case.text, markdown.render(case.text)).message
    assert shown_in(edited) == case.shown
    assert told_by(edited) == {name[1:].lower() for name in case.shown}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_deciding_takes_no_word_out_of_a_text(alice: User, den: Room, case: Case) -> None:
    (message,) = say(alice, "den", case.text)
    plain = re.sub(r"<[^>]*>", "", str(message.html))
    assert plain == re.sub(r"<[^>]*>", "", markdown.without_mentions(markdown.render(case.text)))
    assert "mention" not in markdown.without_mentions(markdown.render(case.text)), "a reply mentions no one"


def test_who_writes_of_themselves_is_shown_and_not_told(alice: User, den: Room) -> None:
    (message,) = say(alice, "den", "I am @alice")
    assert shown_in(message) == ("@alice",) and message.mentions == []


def test_the_same_text_mentions_other_people_in_another_room(alice: User, den: Room) -> None:
    room_of(alice, "cave", members=[User.objects.get(username="mallory")])
    results = store([a_post(alice, slug, "@bob @mallory") for slug in ("den", "cave")])
    assert [shown_in(each.message) for each in results if isinstance(each, Stored)] == [("@bob",), ("@mallory",)]


def test_a_text_that_is_not_formatted_follows_the_same_rule(alice: User, den: Room) -> None:
    text = "*a " * 100 + "b*" * 100 + " <@bob> & @stranger,\n@joe."
    (message,) = say(alice, "den", text)
    assert markdown.is_as_written(str(message.html)) and shown_in(message) == ("@bob", "@joe")
    assert told_by(message) == {"bob", "joe"}
    assert unescape(re.sub(r"<[^>]*>", "", str(message.html).replace("<br>", "\n"))).strip() == text


def test_no_one_can_forge_a_mention_by_writing_html(alice: User, den: Room) -> None:
    (message,) = say(alice, "den", '<span class="mention">@bob</span>`<span class="mention">@joe</span>`')
    assert shown_in(message) == ("@bob",), "what stands around it is text"
    assert str(message.html).count("<span") == 1


def test_a_name_that_was_not_looked_up_is_not_taken_for_a_shorter_one(alice: User, den: Room) -> None:
    many = " ".join(f"@x{number}" for number in range(LOOKED_UP_AT_MOST))
    (message,) = say(alice, "den", f"@joe {many} @joe.smith")
    assert shown_in(message) == ("@joe",) and told_by(message) == {"joe"}


def test_whoever_is_beyond_the_bound_is_neither_told_nor_shown(alice: User, den: Room) -> None:
    crowd = [person(f"guest{number}") for number in range(60)]
    for each in crowd:
        den.memberships.create(user=each)
    (message,) = say(alice, "den", " ".join(f"@{each.username}" for each in crowd))
    assert len(message.mentions) == len(shown_in(message)) == 50
    assert told_by(message) == {name[1:] for name in shown_in(message)}


@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize("text", [*CALLS, *CALLS_NOT])
def test_claude_replies_to_what_mentions_it_and_nothing_else(alice: User, den: Room, text: str, is_known: bool) -> None:
    if is_known:
        account()
    (result,) = store([a_post(alice, "den", text)])
    assert isinstance(result, Stored)
    calls = text in CALLS
    assert (result.reply is not None) is calls
    assert [name.lower() for name in shown_in(result.message)] == ["@claude"] * calls


def test_a_person_whose_name_begins_with_claudes_is_not_claude(alice: User, den: Room) -> None:
    den.memberships.create(user=person("claude-fan"))
    (result,) = store([a_post(alice, "den", "@claude-fan hello")])
    assert isinstance(result, Stored) and result.reply is None and told_by(result.message) == {"claude-fan"}
