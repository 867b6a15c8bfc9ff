"""What the operators tell everyone, a room or a person, from the command line."""

from tests.servers.people import Person, unique
from tests.servers.sites import Site
from tests.servers.tabs import Tabs


async def test_everybody_hears_an_announcement_once_wherever_they_are(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    tabs = [await open_tab.in_room(alice, room), await open_tab(alice), await open_tab(bob), await open_tab(mallory)]
    text = unique("Maintenance at <b>noon</b>")
    site.manage("broadcast", text)
    told = [await tab.expect("notification", kind="announcement", text=text) for tab in tabs]
    assert len({fact["id"] for fact in told}) == 1 and "room" not in told[0]
    await tabs[0].wait(1.3)  # a head check later: what was heard is not heard again
    for tab in tabs:
        await tab.fence()
        assert not tab.unread("notification", kind="announcement", text=text)


async def test_an_announcement_to_a_room_or_a_person_is_heard_there_only(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, mallory: Person, room: str
) -> None:
    alices, bobs = await open_tab.in_room(alice, room), await open_tab.in_room(bob, room)
    outside, mallorys = await open_tab(bob), await open_tab(mallory)
    to_room, to_bob, to_all = unique("to the room"), unique("to bob"), unique("to all")
    for arguments in (["--room", room, to_room], ["--user", bob.username, to_bob], [to_all]):
        site.people.tell("manage", arguments=["broadcast", *arguments])
    heard = {}
    for name, tab in {"alice": alices, "bob": bobs, "outside": outside, "mallory": mallorys}.items():
        await tab.expect("notification", kind="announcement", text=to_all)
        mine = [fact["text"] for fact in tab.unread("notification", kind="announcement")]
        heard[name] = {text for text in (to_room, to_bob) if text in mine}
    assert heard == {"alice": {to_room}, "bob": {to_room, to_bob}, "outside": {to_bob}, "mallory": set()}
