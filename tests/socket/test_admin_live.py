"""What is done on the administration's pages, as open tabs feel it: over HTTP, as a browser does it."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.servers.people import Person, unique
from tests.servers.sites import Site
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import Tabs, http

PASSWORD = "correct horse battery staple"
ENOUGH_SECONDS = 1.0

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_ROW = re.compile(r'name="_selected_action" value="(\d+)"')


class Browser:
    """Signs in through the page and sends forms with the token that the page gave. Its calls block: use `do`."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def open(self, path: str, **query: Any) -> str:
        response = self._client.get(path, params=query, follow_redirects=True)
        assert response.status_code == 200, f"{path}: {response.status_code}"
        return response.text

    def send(self, path: str, **fields: Any) -> str:
        """Open a page and send a form from it; return the page that follows."""
        token = _CSRF.search(self.open(path))
        assert token is not None, f"no form on {path}"
        data = {"csrfmiddlewaretoken": token[1], **fields}
        origin = str(self._client.base_url).rstrip("/")
        response = self._client.post(path, data=data, headers={"Origin": origin, "Referer": origin + path})
        assert response.status_code == 302, f"{path}: {response.status_code}\n{response.text[:3000]}"
        return self.open(response.headers["Location"])

    def row_of(self, path: str, **query: Any) -> str:
        """Return the id of the one row that a list shows for this query."""
        rows = _ROW.findall(self.open(path, **query))
        assert len(rows) == 1, f"{path} {query}: {rows}"
        return str(rows[0])

    def do_to(self, path: str, row: str, action: str, **fields: str) -> str:
        return self.send(path, action=action, _selected_action=row, **fields)


@pytest.fixture
def admin(site: Site) -> Iterator[Browser]:
    """A superuser's browser, signed in through the site's own sign-in page, to which the administration sends it."""
    (ruth,) = site.people.create("ruth")
    site.people.tell("make_admin", username=ruth.username)
    site.people.tell("set_password", username=ruth.username, password=PASSWORD)
    with http(site.next_process()) as client:
        browser = Browser(client)
        assert client.get("/admin/").status_code == 302
        browser.send("/accounts/login/?next=/admin/", login=ruth.username, password=PASSWORD)
        assert "Live connections" in browser.open("/admin/")
        yield browser


async def do(function: Callable[..., Any], *arguments: Any, **fields: Any) -> float:
    """Run a blocking call of the browser's beside the tabs; return when it was done."""
    await asyncio.to_thread(function, *arguments, **fields)
    return time.monotonic()


async def within(since: float, arrival: Awaitable[Any]) -> Any:
    found = await arrival
    late = time.monotonic() - since - ENOUGH_SECONDS
    assert late <= 0, f"{late:.2f} s too late"
    return found


async def test_a_deactivated_persons_sockets_close_within_a_second(
    site: Site, open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str
) -> None:
    by_token = [await open_tab.in_room(bob, room) for _ in range(2)]
    by_cookie = await open_tab.by_session(site.people.sign_in(bob))
    alices = await open_tab.in_room(alice, room)
    row = admin.row_of("/admin/accounts/user/", q=bob.username)
    done = await do(admin.do_to, "/admin/accounts/user/", row, "deactivate", confirmed="yes")
    for tab in (*by_token, by_cookie):
        assert (await tab.wait_closed())[0] == 4101
        assert tab.closed_at - done <= ENOUGH_SECONDS
    await alices.post(room, "bob is gone")
    await alices.fence()
    assert alices.is_open


@pytest.mark.parametrize("way", ["list", "delete page", "room page"])
async def test_a_removed_member_gets_nothing_more_within_a_second(
    open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str, way: str
) -> None:
    alices, joined, watching = (
        await open_tab.in_room(alice, room),
        await open_tab.in_room(bob, room),
        await open_tab(bob),
    )
    await watching.request("list_rooms")
    members = "/admin/chat/membership/"
    row = admin.row_of(members, q=bob.username)
    if way == "list":
        done = await do(admin.do_to, members, row, "delete_selected", post="yes")
    elif way == "delete page":
        done = await do(admin.send, f"{members}{row}/delete/", post="yes")
    else:
        page = f"/admin/chat/room/{admin.row_of('/admin/chat/room/', q=room)}/change/"
        done = await do(admin.send, page, **without_member(admin.open(page), row))
    await within(done, joined.expect("left", room=room))
    await within(done, watching.expect("notification", kind="removed", room=room))
    assert (await within(done, alices.expect("member_updated", room=room)))["user"] == bob.ref
    for tab in (joined, watching):
        tab.forget()
    everywhere = await open_tab.in_each_process(alice, room)
    await alices.post(room, "without bob")
    for tab in everywhere:
        await tab.expect_message("without bob")
    for tab in (joined, watching):
        await tab.fence()
        assert not [frame for frame in tab.frames if "without bob" in str(frame)]
        assert not tab.unread("notification", kind="unread")
    assert (await joined.refusal("join_room", room=room))["code"] == "NOT_FOUND"


async def the_poll_has_come_by(site: Site, tabs: list[SocketClient]) -> None:
    """Return when these tabs' processes have looked for announcements that they missed."""
    text = unique("missed")
    site.people.tell("announce_silently", text=text)
    for tab in tabs:
        await tab.expect("notification", kind="announcement", text=text)


async def test_everybody_hears_an_announcement_once(
    site: Site, open_tab: Tabs, admin: Browser, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    tabs = [await open_tab(person) for person in (alice, alice, bob, mallory)]
    done = await do(admin.send, "/admin/chat/announcement/add/", text=f"Tea in {room}", room="", user="")
    for tab in tabs:
        await within(done, tab.expect("notification", kind="announcement", text=f"Tea in {room}"))
    await the_poll_has_come_by(site, tabs)
    for tab in tabs:
        assert not tab.unread("notification", kind="announcement", text=f"Tea in {room}")


async def test_an_announcement_to_one_person_is_heard_in_their_tabs_only(
    site: Site, open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str
) -> None:
    alices, bobs = await open_tab(alice), [await open_tab(bob) for _ in range(2)]
    done = await do(admin.send, "/admin/chat/announcement/add/", text=f"Only you, {room}", room="", user=bob.id)
    for tab in bobs:
        await within(done, tab.expect("notification", kind="announcement", text=f"Only you, {room}"))
    await the_poll_has_come_by(site, [alices, *bobs])
    assert not alices.unread("notification", kind="announcement", text=f"Only you, {room}")


async def test_a_message_deleted_by_an_operator_becomes_a_tombstone_in_every_tab(
    open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str
) -> None:
    tabs = [await open_tab.in_room(person, room) for person in (alice, bob, bob)]
    word = "regrettable" + room.replace("-", "")
    posted = await tabs[0].post(room, f"some {word} words")
    found = admin.row_of("/admin/chat/message/", q=word)
    assert found == posted["id"]
    done = await do(admin.send, f"/admin/chat/message/{found}/delete/", post="yes")
    for tab in tabs:
        event = await within(done, tab.expect("message_updated", room=room))
        message = event["message"]
        assert (message["id"], message["content"], message["html"]) == (posted["id"], "", "")
        assert message["deletedAt"] > 0 and event["change"] == message["change"] == posted["change"] + 1
    page = await tabs[1].request("get_messages", room=room)
    assert [(row["id"], row["content"]) for row in page["messages"]] == [(posted["id"], "")]


async def test_a_room_renamed_by_an_operator_is_renamed_in_every_tab(
    open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str
) -> None:
    tabs = [await open_tab.in_room(person, room) for person in (alice, bob)]
    page = f"/admin/chat/room/{admin.row_of('/admin/chat/room/', q=room)}/change/"
    fields = {**hidden_fields(admin.open(page)), "name": "Salon", "topic": "tea", "kind": "closed"}
    done = await do(admin.send, page, **fields)
    for tab in tabs:
        updated = await within(done, tab.expect("room_updated"))
        assert (updated["room"]["name"], updated["room"]["topic"]) == ("Salon", "tea")
        assert (await tab.expect("new_message"))["message"]["kind"] == "rename"


async def test_live_connections_are_seen_and_a_disconnected_tab_may_come_back(
    site: Site, open_tab: Tabs, admin: Browser, alice: Person, bob: Person, room: str
) -> None:
    process = site.processes[0]
    with http(process, cookies=admin._client.cookies) as client:
        here = Browser(client)
        alices = await open_tab(alice, process=process)
        await alices.request("join_room", room=room)
        bobs = await open_tab(bob, process=process)
        page = here.open("/admin/chat/liveconnection/")
        assert alices.connection_id in page and bobs.connection_id in page
        assert room in here.open("/admin/chat/liveconnection/", q=alices.connection_id)
        assert page.count("(this one)") == 1
        if len(site.processes) > 1:
            processes = re.search(r"<h2>Server processes</h2>.*?</table>", page, re.DOTALL)
            assert processes is not None and processes[0].count("<code>") == len(site.processes)
        await do(here.send, "/admin/chat/liveconnection/", connection=bobs.connection_id)
        code, _reason = await bobs.wait_closed()
        # Daphne can send no code from 1001 to 2999: any other that lets a tab come back is as good.
        assert code == 1012 or (site.is_daphne and (code == 1006 or code in range(4000, 4100)))
        assert bobs.connection_id not in here.open("/admin/chat/liveconnection/")
        assert alices.is_open
        await open_tab(bob, process=process)


def hidden_fields(page: str) -> dict[str, str]:
    """Return what a form sends along unseen: Django's forms are refused without it."""
    fields = {}
    for tag in re.findall(r'<input type="hidden"[^>]*>', page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is not None and "__prefix__" not in name[1]:
            fields[name[1]] = "" if value is None else value[1]
    fields |= re.findall(r'<select name="(memberships-\d+-role)".*?<option value="(\w+)" selected', page, re.DOTALL)
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def without_member(page: str, membership: str) -> dict[str, str]:
    """Return what is sent from a room's page when the box that removes this member is ticked."""
    fields = hidden_fields(page) | {"name": "A room", "topic": "", "kind": "closed"}
    (prefix,) = (
        name.removesuffix("-id") for name, value in fields.items() if name.endswith("-id") and value == membership
    )
    return fields | {f"{prefix}-DELETE": "on"}
