"""One site for each profile, shared by all tests; people and rooms of each test's own."""

from collections.abc import AsyncIterator, Iterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.servers.people import Person
from tests.servers.sites import CLUSTER, EACH_PART, Profile, SharedSites, Site, SiteBuilder
from tests.servers.tabs import Tabs


@pytest.fixture(scope="session")
def shared_sites(site_builder: SiteBuilder) -> Iterator[SharedSites]:
    sites = SharedSites(site_builder)
    yield sites
    sites.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give a test its installation: two processes with services, or, marked `every_profile`, one of each kind.

    What depends on the server alone parametrizes `profile` itself, with `EACH_SERVER` say, or has a fixture of that name.
    """
    chosen = any("profile" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    chosen = chosen or hasattr(metafunc.module, "profile")  # a fixture of the module's own
    if "profile" in metafunc.fixturenames and not chosen:
        is_everywhere = metafunc.definition.get_closest_marker("every_profile") is not None
        metafunc.parametrize("profile", EACH_PART if is_everywhere else [CLUSTER], ids=str)


@pytest.fixture
def site(profile: Profile, shared_sites: SharedSites) -> Iterator[Site]:
    """The running installation; whatever a test does to it, it must not make the server log a traceback."""
    with shared_sites.watched(profile) as running:
        yield running


@pytest_asyncio.fixture
async def open_tab(site: Site) -> AsyncIterator[Tabs]:
    tabs = Tabs(site)
    yield tabs
    await tabs.close_all()


class Cast(NamedTuple):
    """alice owns, bob is a member, mallory is an outsider, carol is there when one more is needed."""

    alice: Person
    bob: Person
    mallory: Person
    carol: Person


@pytest.fixture
def people(site: Site) -> Cast:
    return Cast(*site.people.create("alice", "bob", "mallory", "carol"))


@pytest.fixture
def alice(people: Cast) -> Person:
    return people.alice


@pytest.fixture
def bob(people: Cast) -> Person:
    return people.bob


@pytest.fixture
def mallory(people: Cast) -> Person:
    return people.mallory


@pytest.fixture
def carol(people: Cast) -> Person:
    return people.carol


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
