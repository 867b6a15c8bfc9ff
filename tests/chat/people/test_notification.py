"""What is said to whom: decided when it is sent, by what the database says then."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts import push_subscriptions
from accounts.credentials import Credential
from accounts.models import User
from chat.access import Actor
from chat.markdown import render
from chat.messages import changes
from chat.models import Membership, Message, Room, RoomKind
from chat.people.notification import News, Place, pushes_for, told
from chat.protocol import requests
from tests.accounts.browsers import new_browser
from tests.chat.fixtures import room_of, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def bobs_browser(bob: User) -> Client:
    return with_browser(bob)


def with_browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    credential = Credential(user.pk, user.username, "session", str(client.session.session_key))
    push_subscriptions.subscribe(credential, new_browser(f"https://fcm.googleapis.com/{credential.key}")[0])
    return client


def news_of(user: User, room: Room, *, newest: str, mention: str | None = None) -> dict[Place, News]:
    return {Place(user.pk, room.slug): News(int(newest), None if mention is None else int(mention))}


def mention_of(author: User, user: User, room: Room, text: str = "please look") -> dict[Place, News]:
    (message,) = say(author, room.slug, f"@{user.username} {text}")
    return news_of(user, room, newest=message.id, mention=message.id)


def seqs(news: Mapping[Place, News]) -> list[str]:
    return [push.payload.partition("?seq=")[2].partition('"')[0] for push in pushes_for(news)]


def test_each_browser_of_a_person_is_told(alice: User, bob: User, lounge: Room) -> None:
    with_browser(bob)
    with_browser(bob)
    with_browser(alice)
    pushes = pushes_for(mention_of(alice, bob, lounge))
    assert len({push.endpoint for push in pushes}) == len(pushes) == 2
    assert {push.topic for push in pushes} == {pushes[0].topic}
    assert len(pushes[0].topic) == 24


def test_it_says_who_where_and_what_in_plain_words(alice: User, bob: User, lounge: Room) -> None:
    (posted,) = say(
        alice, lounge.slug, f"@bob **look** at `a < b`:\n\n> [here](https://example.org) & there {'x' * 200}"
    )
    shown = told(Message.objects.select_related("author", "room").get(pk=posted.id))
    assert shown["title"] == "alice in Lounge"
    assert shown["body"].startswith("@bob look at a < b: here & there xxx")
    assert len(shown["body"]) == 140
    assert (shown["url"], shown["tag"]) == (f"/rooms/lounge/?seq={posted.seq}", "room:lounge")
    assert shown["icon"].endswith(".png")


def test_it_calls_people_by_their_display_name(alice: User, bob: User, lounge: Room) -> None:
    def title_for(name: str) -> str:
        User.objects.filter(pk=alice.pk).update(display_name=name)
        (posted,) = say(alice, lounge.slug, "hello")
        return told(Message.objects.select_related("author", "room").get(pk=posted.id))["title"]

    assert title_for("Alice Moreau") == "Alice Moreau in Lounge"
    assert title_for("אליס") == "\u2068אליס\u2069 in Lounge", "a name from right to left turned the words around it"


def test_it_fits_into_what_a_push_service_takes(alice: User, bob: User, lounge: Room, bobs_browser: Client) -> None:
    User.objects.filter(pk=alice.pk).update(display_name="\U0001f600" * 60)
    Room.objects.filter(pk=lounge.pk).update(name="\U0001f600" * 80)
    (push,) = pushes_for(mention_of(alice, bob, lounge, "\U0001f600" * 1000))
    assert len(push.payload.encode()) < 3900


def test_of_a_direct_room_the_other_person_is_name_enough(alice: User, bob: User) -> None:
    room_of(alice, "two", RoomKind.DIRECT, members=[bob])
    (posted,) = say(alice, "two", "hello")
    assert told(Message.objects.select_related("author", "room").get(pk=posted.id))["title"] == "alice"


def test_a_message_of_somebody_who_is_gone_is_somebody_s(alice: User, bob: User, lounge: Room) -> None:
    (posted,) = say(alice, lounge.slug, "hello")
    Message.objects.filter(pk=posted.id).update(author=None)
    assert told(Message.objects.select_related("author", "room").get(pk=posted.id))["title"] == "Someone in Lounge"


def test_a_muted_room_tells_of_mentions_only(alice: User, bob: User, lounge: Room, bobs_browser: Client) -> None:
    mention, plain = say(alice, lounge.slug, "@bob look", "and now")
    both = news_of(bob, lounge, newest=plain.id, mention=mention.id)
    assert seqs(both) == [str(plain.seq)]
    Membership.objects.filter(user=bob).update(muted=True)
    assert seqs(both) == [str(mention.seq)]
    assert seqs(news_of(bob, lounge, newest=plain.id)) == []


def test_who_has_read_on_left_or_never_asked_is_told_nothing(
    alice: User, bob: User, mallory: User, lounge: Room, bobs_browser: Client
) -> None:
    news = mention_of(alice, bob, lounge)
    assert len(pushes_for(news)) == 1
    assert pushes_for(news_of(alice, lounge, newest=str(next(iter(news.values())).newest))) == []
    with_browser(mallory)
    assert pushes_for(mention_of(alice, mallory, lounge)) == [], "an outsider"
    Membership.objects.filter(user=bob).update(last_read_seq=10_000)
    assert pushes_for(news) == []
    Membership.objects.filter(user=bob).update(last_read_seq=0)
    assert len(pushes_for(news)) == 1
    Membership.objects.filter(user=bob).delete()
    assert pushes_for(news) == []


def test_one_s_own_message_is_no_news(bob: User, lounge: Room, bobs_browser: Client) -> None:
    (posted,) = say(bob, lounge.slug, "hello")
    assert pushes_for(news_of(bob, lounge, newest=posted.id)) == []


def test_a_deleted_message_is_not_told_and_an_edited_one_as_it_is_now(
    alice: User, bob: User, lounge: Room, bobs_browser: Client
) -> None:
    first, second = say(alice, lounge.slug, "@bob first", "@bob second")
    news = news_of(bob, lounge, newest=second.id, mention=first.id)
    changes.edit_message(Actor.of(alice), second.id, "@bob third", render("@bob third"))
    assert "third" in pushes_for(news)[0].payload
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(message=second.id))
    assert seqs(news) == [str(first.seq)]
    changes.delete_message(Actor.of(alice), requests.DeleteMessage(message=first.id))
    assert pushes_for(news) == []


def test_an_archived_room_is_silent(alice: User, bob: User, lounge: Room, bobs_browser: Client) -> None:
    news = mention_of(alice, bob, lounge)
    Room.objects.update(archived_at=timezone.now())
    assert pushes_for(news) == []


def test_who_is_signed_out_everywhere_is_told_nothing(
    alice: User, bob: User, lounge: Room, bobs_browser: Client
) -> None:
    news = mention_of(alice, bob, lounge)
    bobs_browser.logout()
    assert pushes_for(news) == []


def test_the_work_does_not_grow_with_the_news(
    alice: User, bob: User, lounge: Room, django_assert_num_queries: Any
) -> None:
    people = [User.objects.create(username=f"person-{number}") for number in range(8)]
    Membership.objects.bulk_create(Membership(room=lounge, user=person) for person in people)
    (posted,) = say(alice, lounge.slug, " ".join(f"@{person.username}" for person in people))
    news = {Place(person.pk, lounge.slug): News(int(posted.id), int(posted.id)) for person in people}
    with django_assert_num_queries(1):
        assert pushes_for(news) == []
    for person in people:
        with_browser(person)
    with django_assert_num_queries(5):
        assert len(pushes_for(news)) == 8
