"""The cast: alice owns the lounge, bob is a member, mallory is an outsider. ruth administers, and is in no room; a carol
moderates where a moderator is needed.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from chat.access import Actor
from chat.markdown import render
from chat.messages.posting import Post, Stored, store
from chat.models import Message, Room
from chat.protocol import requests
from chat.realtime.events import Event
from chat.realtime.layer import bus, publishing
from chat.rooms import members, rooms
from tests.chat.fixtures import silence

__all__ = ["silence"]

Capture = Callable[..., AbstractContextManager[list[Any]]]


def person(username: str, **facts: Any) -> User:
    return User.objects.create(username=username, **facts)


@pytest.fixture
def alice(db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob")


@pytest.fixture
def mallory(db: None) -> User:
    return person("mallory")


@pytest.fixture
def ruth(db: None) -> User:
    return person("ruth", is_staff=True, is_superuser=True)


@pytest.fixture
def carol(db: None) -> User:
    return person("carol")


@pytest.fixture
def as_alice(alice: User) -> Actor:
    return Actor.of(alice)


@pytest.fixture
def as_bob(bob: User) -> Actor:
    return Actor.of(bob)


@pytest.fixture
def as_mallory(mallory: User) -> Actor:
    return Actor.of(mallory)


@pytest.fixture
def lounge(alice: User, bob: User) -> Room:
    owner = Actor.of(alice)
    rooms.create_room(owner, requests.CreateRoom(kind="closed", name="Lounge", room="lounge"))
    members.add_member(owner, requests.AddMember(room="lounge", user="bob"))
    return Room.objects.get(slug="lounge")


@pytest.fixture
def as_ruth(ruth: User) -> Client:
    client = Client()
    client.force_login(ruth)
    return client


def post(author: User, room: Room, *texts: str) -> list[Message]:
    """Post messages as the writer does, and return their rows."""
    posts = [Post.of(Actor.of(author), room.slug, text, render(text)) for text in texts]
    stored = [result for result in store(posts) if isinstance(result, Stored)]
    assert len(stored) == len(texts)
    by_id = Message.objects.in_bulk([int(result.message.id) for result in stored])
    return [by_id[int(result.message.id)] for result in stored]


def queries_of(client: Client, url: str) -> list[str]:
    """Return the queries about rooms and what is in them that a page costs: not those that every page has in common."""
    client.get(url)  # the first page of a session costs more
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured.captured_queries if "chat_" in query["sql"]]


class Told(NamedTuple):
    """What was published: events as (group, type, data), and orders to the hubs."""

    events: list[tuple[str, str, dict[str, Any]]]
    orders: list[tuple[str, int, str]]

    def of(self, type_: str, group: str | None = None) -> list[dict[str, Any]]:
        return [data for where, kind, data in self.events if kind == type_ and group in (None, where)]


Listening = Callable[[], AbstractContextManager[Told]]


@pytest.fixture
def told(django_capture_on_commit_callbacks: Capture) -> Listening:
    """Return a context in which everything that is published after commit is collected."""

    @contextmanager
    def listening() -> Iterator[Told]:
        heard = Told([], [])
        try:
            with publishing.capture() as published, django_capture_on_commit_callbacks(execute=True):
                yield heard
        finally:
            _sort(published, heard)

    return listening


def _sort(published: list[bus.Message], heard: Told) -> None:
    for message in published:
        if isinstance(message, bus.Control):
            heard.orders.append((message.order, message.user_id, message.room))
        elif isinstance(message, Event):
            frame = json.loads(message.text)
            heard.events.append((message.group, frame["type"], frame["data"]))
