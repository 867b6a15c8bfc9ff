"""The cast: alice owns a closed room, bob is a member of it, mallory is an outsider. Each has a browser."""

from typing import NamedTuple

import pytest
from django.test import Client

from accounts.models import User
from chat.access import Actor
from chat.models import Room
from chat.protocol import requests
from chat.rooms import rooms


class Seat(NamedTuple):
    """A person in front of a browser."""

    user: User
    actor: Actor
    client: Client


def seat(name: str) -> Seat:
    user = User.objects.create_user(name, display_name=name.title())
    client = Client()
    client.force_login(user)
    return Seat(user, Actor.of(user), client)


@pytest.fixture
def alice(db: None) -> Seat:
    return seat("alice")


@pytest.fixture
def bob(db: None) -> Seat:
    return seat("bob")


@pytest.fixture
def mallory(db: None) -> Seat:
    return seat("mallory")


@pytest.fixture
def closed_room(alice: Seat, bob: Seat) -> Room:
    made = rooms.create_room(
        alice.actor, requests.CreateRoom(kind="closed", name="Launch", room="launch", members=["bob"])
    )
    return Room.objects.get(slug=made.room.slug)


@pytest.fixture
def open_room(alice: Seat) -> Room:
    made = rooms.create_room(alice.actor, requests.CreateRoom(kind="open", name="General", room="general"))
    return Room.objects.get(slug=made.room.slug)
