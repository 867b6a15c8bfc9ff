"""What people and Claude say to each other is no one's business who reads the logs."""

import asyncio
from urllib.parse import quote

import pytest

from tests.servers.event_streams import EventStream
from tests.servers.pages import change_password, submit
from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs, bearer, cookie_with_csrf, http, session_cookie, ticket_for

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

SECRET = "battery-staple-horse"
REFUSED = f"{SECRET} refused"


async def test_no_text_of_anybody_reaches_the_log(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, room: str, session: str
) -> None:
    """Ids and types do: the connection's own lines are there."""
    marks = site.log_marks()
    tab, other = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    message = await tab.post(room, f"{SECRET} posted, @{bob.username}")
    await tab.request("edit_message", message=message["id"], content=f"{SECRET} edited")
    await tab.request("save_draft", room=room, content=f"{SECRET} drafted", version=1)
    await tab.request("search_messages", query=SECRET)
    await tab.request("update_room", room=room, name=f"{SECRET} named", topic=f"{SECRET} topic")
    await tab.refusal("create_message", room="no-such-room", content=REFUSED)
    await tab.refusal("create_message", room=room, content=REFUSED * 2000)
    await tab.request("join_room", room=session)
    prompted = await tab.request("execute", session=session, prompt=f"{SECRET} prompted")
    await tab.frame(
        lambda frame: (
            frame["type"] in ("stream_end", "error")
            and (frame["data"].get("message") or {}).get("id") == prompted["reply"]["id"]
        ),
        "the end of the reply",
        seconds=60,
    )
    await other.expect_message(f"{SECRET} edited", "message_updated")
    log = site.log_text(marks)
    assert tab.connection_id in log
    assert SECRET not in log


def visit_pages(site: Site, person: Person, key: str, room: str) -> None:
    """Say something secret wherever a page takes it, also where it is refused."""
    (process, *_) = site.processes
    submit(process, key, f"/rooms/{room}/details", {"do": "save", "kind": "closed", "name": SECRET, "topic": SECRET})
    submit(process, key, f"/rooms/{room}/people", {"do": "add", "user": SECRET})
    submit(process, key, "/settings/", {"display_name": SECRET})
    submit(process, key, "/direct/new", {"user": SECRET})
    headers = {**cookie_with_csrf(key), "Referer": process.origin}
    with http(process) as client:
        for address in (f"/search?q={SECRET}", f"/no/such/page?token={SECRET}", f"/search?q={SECRET}%00"):
            client.get(address, headers=headers)
        for text in (SECRET, f"{SECRET}\0"):
            client.post(f"/rooms/{room}/attachments", headers=headers, files={"file": (f"{text}.txt", text.encode())})
        client.post("/rooms/new", headers={**headers, "X-CSRFToken": SECRET}, data={"name": SECRET})
        wrong = {"login": person.username, "password": SECRET}
        client.post("/accounts/login/", headers={**cookie_with_csrf("nobody"), "Referer": process.origin}, data=wrong)
    site.people.tell("set_password", username=person.username, password=f"{SECRET} old")
    change_password(process, site.people.sign_in(person), f"{SECRET} old", f"{SECRET} new")


async def test_neither_what_pages_are_told_nor_what_opens_them_reaches_the_log(
    site: Site, open_tab: Tabs, alice: Person, room: str
) -> None:
    marks = site.log_marks()
    (process, *_), key = site.processes, site.people.sign_in(alice)
    ticket, spent = ticket_for(process, alice), ticket_for(process, alice)
    await open_tab.by_ticket(spent, process=process)
    for query, headers in (
        (f"?token={ticket}", {}),
        (f"?token={spent}", {}),
        ("", session_cookie(key)),
        ("", bearer(alice)),
        ("", {"Authorization": f"Bearer {SECRET}"}),
        (f"?after={SECRET}", bearer(alice)),
    ):
        (await EventStream.open(process, room, query=query, headers=headers)).close()
    (await EventStream.open(process, quote(SECRET.upper()), alice)).close()
    await asyncio.to_thread(visit_pages, site, alice, key, room)
    log = site.log_text(marks)
    assert "Bad Request: /search" in log, "the refusals of pages are there"
    assert [secret for secret in (SECRET, ticket, spent, alice.token, key) if secret.lower() in log.lower()] == []
