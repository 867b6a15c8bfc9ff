"""The longest legal texts over the socket, written as Python's json.dumps writes them: the connection stays."""

import pytest

from tests.reports.long_texts import LONG_TEXTS, LongText
from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: text.kind)
async def test_the_longest_text_is_posted_edited_and_kept_as_a_draft(
    site: Site, open_tab: Tabs, alice: Person, room: str, text: LongText
) -> None:
    tab = await open_tab.in_room(alice, room)
    content = text.of(tab.welcome["limits"]["contentChars"])
    posted = await tab.post(room, content)
    assert posted["content"] == content.strip()
    edited = await tab.request("edit_message", message=posted["id"], content=content[1:])
    assert edited["message"]["content"] == content[1:].strip()
    await tab.request("save_draft", room=room, content=content, version=1)
    await tab.fence()


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: text.kind)
async def test_a_text_one_character_too_long_is_refused_and_the_connection_stays(
    open_tab: Tabs, alice: Person, room: str, text: LongText
) -> None:
    tab = await open_tab.in_room(alice, room)
    content = text.of(tab.welcome["limits"]["contentChars"] + 1)
    assert (await tab.refusal("create_message", room=room, content=content))["code"] == "VALIDATION_ERROR"
    assert (await tab.refusal("save_draft", room=room, content=content, version=1))["code"] == "VALIDATION_ERROR"
    await tab.fence()
