"""Messages in the administration: found, shown safely, and deleted without ever losing a row."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.admin import site
from chat.models import Kind, Message, Reaction, Room
from tests.chat.conftest import Listening, person, post, queries_of

LIST = reverse("admin:chat_message_changelist")

pytestmark = pytest.mark.django_db


def shown(client: Client, **query: str) -> list[str]:
    return [message.content for message in client.get(LIST, query).context["cl"].result_list]


def page_of(message: Message) -> str:
    return reverse("admin:chat_message_change", args=[message.pk])


def delete_on_its_page(client: Client, message: Message) -> Any:
    return client.post(reverse("admin:chat_message_delete", args=[message.pk]), {"post": "yes"})


def delete_in_list(client: Client, message: Message) -> Any:
    return client.post(LIST, {"action": "delete_selected", "_selected_action": [message.pk], "post": "yes"})


def test_fifty_rows_cost_as_many_queries_as_five(as_ruth: Client, alice: User, bob: User, lounge: Room) -> None:
    post(alice, lounge, "one", "two", "three", "four")
    assert len(shown(as_ruth)) == 5, "with the notice of bob's coming"
    assert len(queries_of(as_ruth, LIST)) == 2, "the count and the rows"
    with_words = 4  # also: whether the index has taken up all messages, new ones and those from before it
    assert len(queries_of(as_ruth, LIST + "?q=t")) == with_words
    for author in (alice, bob, *(person(f"guest-{number}") for number in range(5))):
        lounge.memberships.get_or_create(user=author)
        post(author, lounge, *(f"by {author} {number}" for number in range(10)))
    assert len(shown(as_ruth)) == 50
    assert len(queries_of(as_ruth, LIST)) == 2
    assert len(queries_of(as_ruth, LIST + "?q=by")) == with_words


def test_the_newest_come_first_and_no_column_can_be_sorted_by(as_ruth: Client, alice: User, lounge: Room) -> None:
    post(alice, lounge, "first", "second")
    assert shown(as_ruth)[:2] == ["second", "first"]
    assert "sortable" not in as_ruth.get(LIST).content.decode()


def test_counting_and_paging_end_somewhere(
    as_ruth: Client, alice: User, lounge: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "_REACH_ROWS", 3)
    post(alice, lounge, *(f"number {number}" for number in range(9)))
    assert as_ruth.get(LIST).context["cl"].result_count == 3


def test_messages_are_found_by_their_words_and_the_last_may_be_unfinished(
    as_ruth: Client, alice: User, bob: User, lounge: Room
) -> None:
    post(alice, lounge, "The quick brown fox", "A quick reply", "Nothing here")
    post(bob, lounge, "quick too")
    assert shown(as_ruth, q="quick") == ["quick too", "A quick reply", "The quick brown fox"]
    assert shown(as_ruth, q="quick bro") == ["The quick brown fox"]
    assert shown(as_ruth, q="quick", author__id__exact=str(bob.pk)) == ["quick too"]
    assert shown(as_ruth, q="uick") == []


@pytest.mark.parametrize("query", ['"', "* OR NEAR(", "_", "a:b & !c | (d", "%", "'; --", "日本"])
def test_a_search_for_signs_finds_nothing_and_breaks_nothing(
    as_ruth: Client, alice: User, lounge: Room, query: str
) -> None:
    post(alice, lounge, "plain words")
    assert as_ruth.get(LIST, {"q": query}, follow=True).status_code == 200


def test_texts_are_escaped_shortened_and_isolated(as_ruth: Client, alice: User, lounge: Room) -> None:
    text = "<script>alert(1)</script> \u202eevil " + "long " * 100
    (message,) = post(alice, lounge, text)
    page = as_ruth.get(LIST).content.decode()
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt; \u202eevil" in page
    assert "<script>alert" not in page and "long " * 50 not in page
    whole = as_ruth.get(page_of(message)).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in whole and "<script>alert" not in whole
    assert ("long " * 100).strip() in whole


def test_a_message_is_read_only(as_ruth: Client, alice: User, lounge: Room) -> None:
    (message,) = post(alice, lounge, "as it was")
    assert as_ruth.post(page_of(message), {"content": "forged"}).status_code == 403
    assert as_ruth.get(reverse("admin:chat_message_add")).status_code == 403
    assert Message.objects.get(pk=message.pk).content == "as it was"


@pytest.mark.parametrize("delete", [delete_on_its_page, delete_in_list])
def test_deleting_leaves_a_tombstone_that_every_tab_hears_of(
    as_ruth: Client, ruth: User, alice: User, bob: User, lounge: Room, told: Listening, delete: Any
) -> None:
    (message,) = post(alice, lounge, "regrettable @bob")
    Reaction.objects.create(message=message, user=bob, emoji="👍")
    with told() as heard:
        assert delete(as_ruth, message).status_code == 302
    message.refresh_from_db()
    assert (message.content, message.html, message.deleted_by) == ("", "", ruth)
    assert message.deleted_at is not None and not message.reactions.exists() and not message.mentions.exists()
    (updated,) = heard.of("message_updated", "room:lounge")
    assert updated["message"]["content"] == "" and updated["message"]["deletedAt"] > 0
    assert updated["change"] == message.change == Room.objects.get().change
    assert "(deleted)" in as_ruth.get(LIST).content.decode()
    assert "regrettable" not in LogEntry.objects.get().object_repr


def test_the_list_asks_first_and_leaves_notices_and_tombstones_alone(
    as_ruth: Client, alice: User, lounge: Room, told: Listening
) -> None:
    living, dead = post(alice, lounge, "living & well", "dead")
    delete_in_list(as_ruth, dead)
    notice = Message.objects.get(kind=Kind.JOIN)
    chosen = {"action": "delete_selected", "_selected_action": [living.pk, dead.pk, notice.pk]}
    asked = as_ruth.post(LIST, chosen)
    assert asked.context["affected"] == [(living.pk, "lounge, alice: <bdi>living &amp; well</bdi>")]
    assert len(asked.context["spared"]) == 2 and "living &amp; well</bdi></li>" in asked.content.decode()
    with told() as heard:
        as_ruth.post(LIST, chosen | {"post": "yes"})
    assert len(heard.of("message_updated")) == 1
    assert Message.objects.get(pk=notice.pk).deleted_at is None
    assert as_ruth.post(reverse("admin:chat_message_delete", args=[notice.pk]), {"post": "yes"}).status_code == 403
    assert Message.objects.count() == 3


def test_too_many_at_once_are_refused_before_anything_happens(
    as_ruth: Client, alice: User, lounge: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "CHOSEN_AT_MOST", 2)
    rows = post(alice, lounge, "one", "two", "three")
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows], "post": "yes"}
    assert "Choose at most 2" in as_ruth.post(LIST, chosen, follow=True).content.decode()
    assert not Message.objects.exclude(deleted_at=None).exists()


def test_who_may_only_look_cannot_delete(client: Client, alice: User, lounge: Room) -> None:
    (message,) = post(alice, lounge, "safe")
    viewer = person("vera", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_message"))
    client.force_login(viewer)
    assert shown(client)[0] == "safe"
    assert client.get(page_of(message)).status_code == 200
    assert delete_on_its_page(client, message).status_code == 403
    delete_in_list(client, message)
    assert Message.objects.get(pk=message.pk).content == "safe"


def test_who_may_delete_messages_needs_no_right_on_what_hangs_on_them(
    client: Client, alice: User, bob: User, lounge: Room
) -> None:
    (message,) = post(alice, lounge, "hello @bob")
    Reaction.objects.create(message=message, user=bob, emoji="👍")
    moderator = person("mona", is_staff=True)
    moderator.user_permissions.set(Permission.objects.filter(codename__in=["view_message", "delete_message"]))
    client.force_login(moderator)
    assert client.get(reverse("admin:chat_message_delete", args=[message.pk])).status_code == 200
    assert delete_on_its_page(client, message).status_code == 302
    assert Message.objects.get(pk=message.pk).deleted_by == moderator


@pytest.mark.parametrize("model", ["reaction", "mention", "draft"])
def test_what_hangs_on_messages_has_no_pages(as_ruth: Client, model: str) -> None:
    assert as_ruth.get(f"/admin/chat/{model}/").status_code == 404
