"""What is drawn is accepted and shown, what is blank is refused: the cases of tests/reports/visible.py."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps

from accounts.models import User
from accounts.names import refuse_hidden_characters
from accounts.visible import has_ink
from chat import markdown
from chat.access import Actor
from chat.claude.reading import transcript
from chat.files import attachments, uploads
from chat.markdown.content import checked_content
from chat.markdown.rendered_text import rendered_text
from chat.messages import changes
from chat.messages.naming import name_from
from chat.migrations import __name__ as migrations
from chat.models import Message, Room
from chat.models import Reaction as Row
from chat.protocol import requests
from chat.protocol.errors import ErrorCode
from tests.chat.fixtures import refused, room_of, say
from tests.reports.visible import AS_WRITTEN, BLANK, DRAWN, NAMES, REACTIONS, SAID, TAG_FLAG, Name, Reaction, Text


def label(case: Any) -> str:
    return f"{case.kind}: {case[0]!a}"


@pytest.mark.parametrize("case", BLANK, ids=label)
def test_a_text_of_which_nothing_is_drawn_is_no_message(case: Text) -> None:
    with refused(ErrorCode.VALIDATION_ERROR):
        checked_content(case.content)
    assert attachments.checked_message(case.content, ["a-file"]) == "", "with a file it is a message without a text"


@pytest.mark.parametrize("case", [*AS_WRITTEN, *SAID, *DRAWN], ids=label)
def test_what_is_accepted_is_seen(case: Text) -> None:
    content = checked_content(case.content)
    html = markdown.render(content)
    assert "<hr" in html or "<pre" in html or has_ink(rendered_text(html))


@pytest.mark.parametrize("case", AS_WRITTEN, ids=label)
def test_a_text_of_which_markdown_draws_nothing_is_shown_as_it_was_written(case: Text) -> None:
    content = checked_content(case.content)
    assert rendered_text(markdown.render(content)).strip() == content.strip()


@pytest.mark.parametrize("before", ["", "earlier words\n\n"], ids=["alone", "behind a paragraph"])
@pytest.mark.parametrize("case", SAID, ids=label)
def test_a_definition_that_leads_nowhere_is_shown(case: Text, before: str) -> None:
    assert case.content in rendered_text(markdown.render(before + case.content))


def test_a_definition_that_leads_somewhere_still_makes_links() -> None:
    for address in ("https://x.org", "mailto:a@x.org"):
        assert f'<a href="{address}"' in markdown.render(f"[the docs][1]\n\n[1]: {address}")


@pytest.mark.parametrize("case", REACTIONS, ids=label)
@pytest.mark.django_db
def test_a_reaction_is_one_emoji_in_one_form(case: Reaction, author: User) -> None:
    (message,) = say(author, "den", "hello")
    request = requests.AddReaction(message.id, case.given)
    if case.stored is None:
        with refused(ErrorCode.VALIDATION_ERROR):
            changes.add_reaction(Actor.of(author), request)
        return
    changes.add_reaction(Actor.of(author), requests.AddReaction(message.id, case.stored))
    response = changes.add_reaction(Actor.of(author), request)
    assert [each.emoji for each in response.message.reactions] == [case.stored]
    changes.remove_reaction(Actor.of(author), requests.RemoveReaction(message.id, case.given))
    assert not Row.objects.exists()


# As earlier versions stored them: a text, its HTML, and whether it is drawn again.
STORED = (
    ("[12:30]: hello", "", True),
    ("[alice]: https://x.org", "", True),
    ("#", "<h1></h1>\n", True),
    ("> \n> ", "<blockquote>\n</blockquote>\n", True),
    ("[](https://x.org)", '<p><a href="https://x.org" rel="noopener noreferrer nofollow"></a></p>\n', True),
    ("&#8203;", "<p>\u200b</p>\n", True),
    ("[部長]: 了解", "", True),
    ("\u3164", "<p>\u3164</p>\n", False),
    ("---", "<hr>\n", False),
    ("```\n```", "<pre><code></code></pre>\n", False),
    ("hello", "<p>hello</p>\n", False),
    ("*hi* @joe", "<p><em>hi</em> @joe</p>\n", False),
)


@pytest.mark.django_db
def test_messages_of_which_nothing_was_drawn_are_drawn_by_the_migration(
    author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import import_module

    from django.db import connection

    migration = import_module(f"{migrations}.0022_draw_what_vanished")
    monkeypatch.setattr(migration, "_AT_ONCE", 5)
    ids = [int(message.id) for message in say(author, "den", *(f"message {number}" for number in range(len(STORED))))]
    gone, notice = (int(message.id) for message in say(author, "den", "deleted", "a notice"))
    for pk, (content, html, _) in zip(ids, STORED, strict=True):
        Message.objects.filter(pk=pk).update(content=content, html=html)
    Message.objects.filter(pk=gone).update(content="", html="")
    Message.objects.filter(pk=notice).update(content="old name", html="", kind="rename")
    before = Room.objects.get().change
    for _ in range(2):  # a second time, it finds nothing to do
        migration.draw(apps, SimpleNamespace(connection=connection))
    rows = Message.objects.in_bulk(ids)
    for pk, (content, html, is_mended) in zip(ids, STORED, strict=True):
        assert rows[pk].content == content
        assert rows[pk].html == (markdown.render(content) if is_mended else html)
        assert (rows[pk].change > before) == is_mended, "open tabs learn of it"
        assert not is_mended or rendered_text(rows[pk].html).split() == content.split()
    assert Room.objects.get().change == before + sum(is_mended for *_, is_mended in STORED)
    assert not Message.objects.filter(pk__in=[gone, notice]).exclude(html="").exists()


@pytest.mark.django_db
def test_reactions_that_exist_become_one(author: User) -> None:
    from importlib import import_module

    other = User.objects.create(username="other")
    heart, odd, plain = say(author, "den", "one", "two", "three")
    for message, user, emoji in ((heart, author, "❤"), (heart, author, "❤️"), (heart, other, "❤"), (odd, author, "§")):
        Row.objects.create(message_id=int(message.id), user=user, emoji=emoji)
    Row.objects.create(message_id=int(plain.id), user=author, emoji="👍")
    before = Room.objects.get().change
    import_module(f"{migrations}.0019_reactions_in_one_form").unite(apps, None)
    rows = list(Row.objects.order_by("pk").values_list("message", "user", "emoji"))
    assert sorted(rows) == sorted(
        [
            (int(heart.id), author.pk, "❤️"),
            (int(heart.id), other.pk, "❤️"),
            (int(odd.id), author.pk, "§"),
            (int(plain.id), author.pk, "👍"),
        ]
    )
    assert Room.objects.get().change == Message.objects.get(pk=int(heart.id)).change == before + 1, "open tabs hear it"
    changes.remove_reaction(Actor.of(author), requests.RemoveReaction(odd.id, "§"))
    assert not Row.objects.filter(emoji="§").exists(), "what is no emoji any more can be taken off"


@pytest.fixture
def author(db: None) -> User:
    author = User.objects.create(username="author")
    room_of(author, "den")
    return author


@pytest.mark.parametrize("case", NAMES, ids=label)
def test_a_file_keeps_its_name(case: Name) -> None:
    assert uploads.safe_name(case.given) == case.kept
    assert uploads.safe_name(case.kept) == case.kept


@pytest.mark.parametrize("text", [TAG_FLAG, f"go {TAG_FLAG}!", "葛\U000e0100飾区", "👩\u200d💻", "می\u200cخواهم", "❤️"])
def test_claude_reads_what_people_see(text: str) -> None:
    assert transcript.clean(text) == text


@pytest.mark.parametrize("text", ["a\U000e0061\U000e0062", "\U0001f3f4\U000e0061" + "\U000e0062" * 50, "b\U000e0101"])
def test_claude_reads_nothing_that_people_cannot_see(text: str) -> None:
    assert transcript.clean(text) == text[0]


@pytest.mark.parametrize("name", ["🩷 Ana", "Bo 🫩", "👩\u200d💻"])
def test_names_of_people_and_sessions_take_new_emoji(name: str) -> None:
    refuse_hidden_characters(name)
    assert name_from(f"{name} asks") == f"{name} asks"
