"""Badges of rooms that a tab has not joined go down as well as up; people whom an edit names are told."""

import asyncio
from typing import Any

import pytest

from tests.reports.counts import CASES, Case, Step
from tests.servers.people import Person
from tests.servers.sites import CLUSTER, Profile
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs

SECONDS = 15


@pytest.fixture
def profile() -> Profile:
    """Two processes: one has the tab, the other deletes and edits."""
    return CLUSTER


class Badge:
    """The counts of one room as a tab shows them that follows the protocol."""

    def __init__(self, tab: SocketClient, listed: dict[str, Any]) -> None:
        self._tab, self._room = tab, listed["slug"]
        self._unread, self._mentions, self._read = listed["unread"], listed["mentions"], listed["lastReadSeq"]
        self.told = 0
        self._taken = len(tab.frames)

    def look(self) -> tuple[int, int]:
        for frame in self._tab.frames[self._taken :]:
            self._take(frame["type"], frame.get("data", {}))
        self._taken = len(self._tab.frames)
        return min(self._unread, 100), min(self._mentions, 100)

    def _take(self, type_: str, data: dict[str, Any]) -> None:
        if type_ == "read_updated":
            self._unread, self._mentions, self._read = data["unread"], data["mentions"], data["lastReadSeq"]
        elif type_ == "notification" and data["kind"] == "mention":
            self.told += 1
        elif type_ == "notification" and data["kind"] == "unread" and "total" not in data:
            self._unread, self._mentions = self._unread + data["count"], self._mentions + data["mentions"]
        elif type_ == "notification" and data["kind"] == "unread" and data["total"]["lastReadSeq"] == self._read:
            self._unread, self._mentions = data["total"]["unread"], data["total"]["mentions"]


async def do(step: Step, tabs: dict[str, SocketClient], people: dict[str, Person], room: str, ids: list[Any]) -> None:
    text = step.text
    for name, person in people.items():
        text = text.replace(f"@{name.upper()}", f"@{person.username.upper()}").replace(
            f"@{name}", f"@{person.username}"
        )
    tab = tabs[step.by]
    if step.what == "post":
        ids.append(await tab.post(room, text))
    elif step.what == "edit":
        await tab.request("edit_message", message=ids[step.at]["id"], content=text)
    elif step.what == "delete":
        await tab.request("delete_message", message=ids[step.at]["id"])
    else:
        await tabs["bob"].request("mark_read", room=room, seq=ids[step.at]["seq"])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
async def test_a_tab_that_adds_up_what_it_is_told_shows_what_is_unread(
    open_tab: Tabs, alice: Person, bob: Person, room: str, case: Case
) -> None:
    watching, tabs = await open_tab(bob), {"alice": await open_tab(alice), "bob": await open_tab(bob)}
    (listed,) = (await watching.request("list_rooms"))["rooms"]
    badge, ids = Badge(watching, listed), []  # type: ignore[var-annotated]
    for step in case.steps:
        await do(step, tabs, {"alice": alice, "bob": bob}, room, ids)
    right = (case.unread, case.mentions)
    async with asyncio.timeout(SECONDS):
        while badge.look() != right or badge.told != case.told:
            await watching.fence()
            await asyncio.sleep(0.05)
    await asyncio.sleep(1.2)  # what is joined for a second would come now
    await watching.fence()
    assert badge.look() == right and badge.told == case.told
    (listed,) = (await watching.request("list_rooms"))["rooms"]
    assert (listed["unread"], listed["mentions"]) == right, "the list says the same"


async def test_only_those_are_told_who_have_not_read_as_far(
    open_tab: Tabs, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), await open_tab(bob)
    message = await alices.post(room, "read by both")
    await bobs.request("list_rooms")
    await bobs.request("mark_read", room=room, seq=message["seq"])
    await alices.request("delete_message", message=message["id"])
    await asyncio.sleep(1.2)
    await bobs.fence()
    assert not bobs.unread("notification", kind="unread")
