"""One site for each profile, shared by all tests; people and rooms of each test's own."""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.servers.people import Person
from tests.servers.sites import ALL_PROFILES, Profile, Site, SiteBuilder, assert_no_traceback
from tests.servers.tabs import Tabs


@pytest.fixture(scope="session", params=ALL_PROFILES, ids=str)
def shared_site(request: pytest.FixtureRequest, site_builder: SiteBuilder) -> Iterator[Site]:
    profile: Profile = request.param
    with site_builder.running(profile) as site:
        yield site


@pytest.fixture
def site(shared_site: Site) -> Iterator[Site]:
    """The running installation; whatever a test does to it, it must not make the server log a traceback."""
    marks = shared_site.log_marks()
    yield shared_site
    assert all(process.is_running for process in shared_site.processes), "a server process has died"
    assert_no_traceback(shared_site.log_text(marks))


@pytest_asyncio.fixture
async def open_tab(site: Site) -> AsyncIterator[Tabs]:
    tabs = Tabs(site)
    yield tabs
    await tabs.close_all()


class Cast(NamedTuple):
    """alice owns, bob is a member, mallory is an outsider, carol is whoever else is needed."""

    alice: Person
    bob: Person
    mallory: Person
    carol: Person


@pytest.fixture
def cast(site: Site) -> Cast:
    return Cast(*site.people.create("alice", "bob", "mallory", "carol"))


@pytest.fixture
def alice(cast: Cast) -> Person:
    return cast.alice


@pytest.fixture
def bob(cast: Cast) -> Person:
    return cast.bob


@pytest.fixture
def mallory(cast: Cast) -> Person:
    return cast.mallory


@pytest.fixture
def carol(cast: Cast) -> Person:
    return cast.carol


@pytest_asyncio.fixture
async def room(open_tab: Tabs, alice: Person, bob: Person) -> str:
    """A closed room that alice owns and bob is a member of."""
    return await open_tab.make_room(alice, bob)


@pytest_asyncio.fixture
async def open_room(open_tab: Tabs, alice: Person, bob: Person) -> str:
    """The same, but anybody may join."""
    return await open_tab.make_room(alice, bob, kind="open")


@pytest_asyncio.fixture
async def session(open_tab: Tabs, alice: Person, bob: Person) -> str:
    """A session of alice's and bob's."""
    return await open_tab.make_room(alice, bob, kind="session")
