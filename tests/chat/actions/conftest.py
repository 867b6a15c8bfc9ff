"""The cast is that of tests/chat; a carol moderates where a moderator is needed."""

import pytest

from accounts.models import User
from chat.access import Actor
from tests.chat.conftest import person
from tests.chat.fixtures import silence

__all__ = ["silence"]


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
