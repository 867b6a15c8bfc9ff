"""What people and Claude say to each other is nobody's business who reads the logs."""

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs

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
