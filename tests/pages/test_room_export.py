"""Export of a room: who gets it, that it is whole and in order, and that it takes a batch at a time."""

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from accounts.credentials import Credential
from accounts.models import ApiToken, User
from chat.http import export
from chat.limits import rates
from chat.messages import exporting, history
from chat.models import Membership, Role, Room
from chat.protocol import frames, requests
from chat.protocol.errors import ProtocolError
from tests.chat.claude.talk import asks, ends
from tests.pages.conftest import Seat
from tests.pages.messages import stored

# The view looks into the database on threads of its own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/rooms/launch/export"


@pytest.fixture(autouse=True)
def _fresh_limit() -> Iterator[None]:
    rates.forget()
    yield
    rates.forget()


def lines_of(response: Any) -> list[dict[str, Any]]:
    assert response.status_code == 200
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the test client reads the response without an event loop
        text = b"".join(response).decode()
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_an_export_is_the_whole_room_in_order_and_in_the_protocols_shape(
    alice: Seat, bob: Seat, closed_room: Room
) -> None:
    for number in range(7):
        stored(closed_room, (alice, bob)[number % 2], f"line\u2028one\n{number} ☂")
    with mock.patch.object(exporting, "BATCH_ROWS", 3):
        response = alice.client.get(PATH)
        assert response["Content-Disposition"] == 'attachment; filename="launch.jsonl"'
        assert response["Content-Type"] == "application/x-ndjson"
        assert "no-store" in response["Cache-Control"]
        exported = lines_of(response)
    page = history.page(alice.actor, requests.GetMessages(room="launch", limit=100))
    assert exported == json.loads(frames.to_json(page.messages))
    assert len([each for each in exported if each["kind"] == "text"]) == 7


def test_lookups_of_a_reply_are_in_an_export_and_in_a_page_with_their_addresses(alice: Seat, closed_room: Room) -> None:
    page = {"title": "Tide table", "url": "https://tides.example/"}
    search = {"name": "web_search", "input": "high tide", "result": "1 page", "pages": [page]}
    plain = {"name": "list_members", "input": "", "result": "2 members"}
    ends(asks(alice.user, closed_room, "When is high tide?"), "At nine.", tools=[search, plain])
    exported = lines_of(alice.client.get(PATH))
    assert exported[-1]["reply"]["tools"] == [search, plain]
    read = history.page(alice.actor, requests.GetMessages(room="launch", limit=100))
    assert json.loads(frames.to_json(read.messages)) == exported


def test_only_owners_and_moderators_get_it(
    client: Client, alice: Seat, bob: Seat, mallory: Seat, closed_room: Room
) -> None:
    stored(closed_room, alice, "secret")
    assert code_of(bob.client.get(PATH)) == (403, "UNAUTHORIZED")
    refused, missing = mallory.client.get(PATH), mallory.client.get("/rooms/nowhere/export")
    assert code_of(refused) == code_of(missing) == (404, "NOT_FOUND")
    assert refused.json()["error"] == missing.json()["error"]
    assert client.get(PATH)["Location"] == f"/accounts/login/?next={PATH}"
    assert client.get(PATH, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert alice.client.post(PATH).status_code == 405
    Membership.objects.filter(room=closed_room, user=bob.user).update(role=Role.MODERATOR)
    assert "secret" in [line["content"] for line in lines_of(bob.client.get(PATH))]


def test_an_open_room_is_not_exported_by_whoever_may_read_it(mallory: Seat, open_room: Room) -> None:
    assert code_of(mallory.client.get("/rooms/general/export")) == (403, "UNAUTHORIZED")


def test_a_program_exports_with_its_token(client: Client, alice: Seat, closed_room: Room) -> None:
    row = stored(closed_room, alice, "hello")
    _token, secret = ApiToken.issue(alice.user, "backup")
    exported = lines_of(client.get(PATH, headers={"Authorization": f"Bearer {secret}"}))
    assert exported[-1]["id"] == str(row.pk)


def reader(who: Seat) -> Credential:
    return Credential(who.user.pk, who.user.username, "session", who.client.session.session_key or "")


def next_of(lines: Any) -> bytes:
    """Return the next batch, b"" at the end."""

    async def read() -> bytes:
        found: bytes = await anext(lines, b"")
        return found

    return async_to_sync(read)()


def test_it_reads_a_batch_at_a_time_and_ends_in_a_room_that_goes_on(alice: Seat, closed_room: Room) -> None:
    before = closed_room.change
    row = [stored(closed_room, alice, str(number)) for number in range(5)][-1]
    with mock.patch.object(exporting, "BATCH_ROWS", 2):
        lines = export._Lines(reader(alice), "launch", row.seq)
        lines._after = before
        first = next_of(lines)
        stored(closed_room, alice, "too late")
        assert [first.count(b"\n"), *(next_of(lines).count(b"\n") for _ in range(3))] == [2, 2, 1, 0]


def test_who_loses_the_right_meanwhile_gets_no_further_batch(alice: Seat, closed_room: Room) -> None:
    row = stored(closed_room, alice, "one")
    with mock.patch.object(exporting, "BATCH_ROWS", 1):
        lines = export._Lines(reader(alice), "launch", row.seq)
        assert next_of(lines)
        Membership.objects.filter(room=closed_room, user=alice.user).update(role=Role.MEMBER)
        with pytest.raises(ProtocolError, match="owners and moderators"):
            next_of(lines)


ENDS: dict[str, Callable[[Seat], object]] = {
    "banned": lambda who: who.user.ban("Leaking", None),
    "deactivated": lambda who: User.objects.filter(pk=who.user.pk).update(is_active=False),
    "signed out": lambda who: who.client.logout(),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_person_whose_access_ends_meanwhile_gets_no_further_batch(alice: Seat, closed_room: Room, end: str) -> None:
    row = stored(closed_room, alice, "one")
    with mock.patch.object(exporting, "BATCH_ROWS", 1):
        lines = export._Lines(reader(alice), "launch", row.seq)
        assert next_of(lines)
        ENDS[end](alice)
        with pytest.raises(ProtocolError, match="access to this server"):
            next_of(lines)


def test_too_many_exports_have_to_wait(alice: Seat, bob: Seat, closed_room: Room, settings: Any) -> None:
    settings.EXPORTS_PER_HOUR = 2  # half of them at once
    lines_of(alice.client.get(PATH))
    response = alice.client.get(PATH)
    assert code_of(response) == (429, "RATE_LIMITED")
    assert 1700 < int(response["Retry-After"]) <= 1800
    Membership.objects.filter(room=closed_room, user=bob.user).update(role=Role.OWNER)
    lines_of(bob.client.get(PATH))


def test_the_settings_lead_to_it_only_those_who_may(alice: Seat, bob: Seat, closed_room: Room) -> None:
    assert f'href="{PATH}"' in alice.client.get("/rooms/launch/details").content.decode()
    assert PATH not in bob.client.get("/rooms/launch/details").content.decode()
