"""The page of live connections: what it shows, who may see it, and disconnecting."""

import asyncio
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.credentials import Credential
from accounts.models import User
from chat.admin import connections
from chat.protocol.close import CloseCode
from chat.realtime.delivery.connection import Connection
from chat.realtime.presence import topic_of_user
from chat.server.runtime import Runtime
from tests.chat.conftest import person

PAGE = reverse("admin:chat_liveconnection_changelist")

pytestmark = pytest.mark.django_db


class Pipe:
    """Where a connection's frames go: the closing code is all that these tests look at."""

    def __init__(self) -> None:
        self.closed: list[int] = []

    def write(self, frames: bytes) -> None: ...

    def buffered(self) -> int:
        return 0

    def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Runtime:
    """A runtime that serves no one but those whom a test lets in."""

    async def make() -> Runtime:
        return Runtime()

    made = asyncio.run(make())
    monkeypatch.setattr(connections, "running", lambda: made)
    return made


def let_in(process: Runtime, user: User, id_: str, *rooms: str) -> tuple[Connection, Pipe]:
    pipe = Pipe()
    connection = Connection(id_, Credential(user.pk, user.username, "session", "secret-key"), "10.1.2.3", None, pipe)  # type: ignore[arg-type]
    connection.rooms |= dict.fromkeys(rooms, False)
    process.registry.add(connection)
    process.presence.enter(topic_of_user(user.pk), connection)
    return connection, pipe


def test_a_process_without_sockets_says_so(as_ruth: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "running", lambda: None)
    assert "serves no sockets" in as_ruth.get(PAGE).content.decode()


def test_connections_are_shown_with_their_rooms_and_never_with_their_credential(
    as_ruth: Client, alice: User, bob: User, process: Runtime
) -> None:
    let_in(process, bob, "conn-b", "lounge", "attic")
    let_in(process, alice, "conn-a")
    response = as_ruth.get(PAGE)
    page = response.content.decode()
    seen = response.context["overview"]
    assert [(each.username, each.id, each.rooms) for each in seen.connections] == [
        ("alice", "conn-a", []),
        ("bob", "conn-b", ["attic", "lounge"]),
    ]
    assert seen.processes == [(process.hub.id, 2, True)]
    assert "10.1.2.3" in page and "attic, lounge" in page and "now" in page
    assert "secret-key" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("bo", ["bob"]), ("conn-a", ["alice"]), ("10.1.2.3", ["alice", "bob"]), ("::ffff:10.1.2.3", ["alice", "bob"])],
)
def test_connections_are_searched_by_person_connection_and_address(
    as_ruth: Client, alice: User, bob: User, process: Runtime, query: str, found: list[str]
) -> None:
    let_in(process, alice, "conn-a")
    let_in(process, bob, "conn-b")
    overview = as_ruth.get(PAGE, {"q": query}).context["overview"]
    assert [each.username for each in overview.connections] == found


def test_the_chosen_are_disconnected_and_come_back_by_themselves(
    as_ruth: Client, alice: User, bob: User, process: Runtime
) -> None:
    _alices, alices_pipe = let_in(process, alice, "conn-a")
    _bobs, bobs_pipe = let_in(process, bob, "conn-b")
    response = as_ruth.post(PAGE, {"connection": ["conn-b", "gone"]}, follow=True)
    assert "Disconnected: bob." in response.content.decode()
    assert (alices_pipe.closed, bobs_pipe.closed) == ([], [CloseCode.RESTART])
    response = as_ruth.post(PAGE, {"connection": ["gone"]}, follow=True)
    assert "None of these is open" in response.content.decode()


def test_staff_need_the_pages_own_permissions(client: Client, alice: User, process: Runtime) -> None:
    _connection, pipe = let_in(process, alice, "conn-a")
    staff = person("vera", is_staff=True)

    def allow(codename: str) -> None:
        staff.user_permissions.add(Permission.objects.get(codename=codename))

    client.force_login(staff)
    allow("view_user")
    assert client.get(PAGE).status_code == 403
    assert PAGE not in client.get(reverse("admin:index")).content.decode()
    allow("view_liveconnection")
    assert "conn-a" in client.get(PAGE).content.decode()
    assert PAGE in client.get(reverse("admin:index")).content.decode()
    assert "Disconnect the chosen" not in client.get(PAGE).content.decode()
    assert client.post(PAGE, {"connection": ["conn-a"]}).status_code == 403
    assert pipe.closed == []
    allow("disconnect_liveconnection")
    assert client.post(PAGE, {"connection": ["conn-a"]}).status_code == 302
    assert pipe.closed == [CloseCode.RESTART]


@pytest.mark.parametrize("rest", ["add/", "1/change/", "1/delete/", "1/"])
def test_there_are_no_pages_of_single_rows(as_ruth: Client, rest: str) -> None:
    assert as_ruth.get(PAGE + rest).status_code == 404


def test_outsiders_see_nothing_of_the_administration(client: Client, mallory: User) -> None:
    client.force_login(mallory)
    for name in ("room", "membership", "message", "invitation", "announcement", "liveconnection"):
        response: Any = client.get(reverse(f"admin:chat_{name}_changelist"))
        assert response.status_code == 302, name
