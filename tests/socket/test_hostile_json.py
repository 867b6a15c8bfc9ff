"""Text frames that are no requests: one clear error, one line in the log, and everything goes on."""

import json

import pytest

from tests.servers.people import Person
from tests.servers.sites import EACH_SERVER, Site
from tests.servers.tabs import Tabs
from tests.socket.logs import the_one_line

pytestmark = pytest.mark.parametrize("profile", EACH_SERVER, ids=str)

DEEP = 30_000
SECRET = "correct-horse-battery"

NOT_REQUESTS = {
    "empty": "",
    "spaces": "   ",
    "words": "hello",
    "half an object": '{"type":"ping"',
    "two objects": '{"type":"ping"}{"type":"ping"}',
    "single quotes": "{'type':'ping'}",
    "a comma too many": '{"type":"ping",}',
    "a comment": '{"type":"ping"} // hello',
    "a byte order mark": '\ufeff{"type":"ping"}',
    "a null": "null",
    "a boolean": "true",
    "a number": "42",
    "a string": '"ping"',
    "an array": "[]",
    "an array of requests": '[{"type":"ping"}]',
    "no type": "{}",
    "a type that is no text": '{"type":7}',
    "a type that is null": '{"type":null}',
    "a payload that is text": '{"type":"list_rooms","payload":"x"}',
    "a payload that is a list": '{"type":"list_rooms","payload":[]}',
    "a payload that is a number": '{"type":"list_rooms","payload":1}',
    "arrays, 30,000 levels deep": "[" * DEEP + "]" * DEEP,
    "objects, 5,000 levels deep": '{"type":' * 5000 + "1" + "}" * 5000,
    "depth inside a payload": '{"type":"join_room","payload":{"room":' + "[" * DEEP + "]" * DEEP + "}}",
    "depth inside an id": '{"type":"ping","id":' + "[" * DEEP + "]" * DEEP + "}",
    "depth without an end": "[" * 60_000,
    "a number of 5,000 digits": '{"type":"mark_read","room":"general","seq":' + "9" * 5000 + "}",
    "an id of 5,000 digits": '{"type":"ping","id":' + "9" * 5000 + "}",
    "NaN": '{"type":"mark_read","room":"general","seq":NaN}',
    "Infinity": '{"type":"mark_read","room":"general","seq":Infinity}',
    "1e999": '{"type":"mark_read","room":"general","seq":1e999}',
    "1e999 as a time": '{"type":"ping","timestamp":1e999}',
    "a time that is text": '{"type":"ping","timestamp":"now"}',
    "a lone surrogate": '{"type":"create_message","room":"general","content":"\\ud800"}',
    "a lone surrogate in the id": '{"type":"ping","id":"\\ud800"}',
    "a lone surrogate in the type": '{"type":"\\udfff"}',
    "a zero character": '{"type":"create_message","room":"general","content":"a\\u0000b"}',
    "a zero character in the id": '{"type":"create_message","room":"general","content":"a","id":"a\\u0000b"}',
    "a zero character in a search": '{"type":"search_messages","query":"a\\u0000b"}',
    "a zero character in a list": '{"type":"create_room","name":"x","members":["a\\u0000"]}',
    "a zero character deep inside": '{"type":"create_room","kind":"session","claude":{"instructions":"a\\u0000b"}}',
    "a raw control character": '{"type":"create_message","room":"general","content":"a\x00b"}',
    "a half escape": '{"type":"create_message","room":"general","content":"\\u12"}',
}


@pytest.mark.parametrize("text", NOT_REQUESTS.values(), ids=NOT_REQUESTS.keys())
async def test_what_is_no_request_gets_one_error_and_one_line(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, text: str
) -> None:
    tab, bystander = await open_tab(alice), await open_tab(bob)
    await tab.fence()
    marks = site.log_marks()
    await tab.send_text(text)
    error = await tab.frame(lambda frame: frame["type"] == "error", "an error")
    assert error["error"]["code"] in ("VALIDATION_ERROR", "REQUEST_FAILED")
    if error["error"]["code"] == "VALIDATION_ERROR":
        assert error["error"]["details"]["path"].startswith("$")
    line = await the_one_line(site, tab.connection_id, marks)
    assert len(json.dumps(line)) < 1000, "a line must not grow with what someone sends"
    await tab.fence()
    await bystander.fence()
    assert [frame["type"] for frame in tab.frames].count("error") == 1


async def test_the_error_of_a_broken_frame_carries_its_id_when_that_could_be_read(
    open_tab: Tabs, alice: Person
) -> None:
    tab = await open_tab(alice)
    await tab.send_text('{"id":"q-7","type":"join_room","payload":{"room":7}}')
    assert (await tab.response_to("q-7"))["error"]["code"] == "VALIDATION_ERROR"
    await tab.send_text('{"payload":{"room":"general"},"id":8}')
    assert (await tab.response_to(8))["error"]["code"] == "VALIDATION_ERROR"


async def test_of_a_key_given_twice_one_meaning_counts(open_tab: Tabs, alice: Person, room: str) -> None:
    tab = await open_tab(alice)
    await tab.send_text('{"type":"nonsense","type":"ping","id":"q"}')
    response = await tab.response_to("q")
    assert response["type"] == "pong" or response["error"]["code"] in ("VALIDATION_ERROR", "REQUEST_FAILED")
    await tab.send_text(f'{{"type":"create_message","id":"r","room":"no-such-room","room":"{room}","content":"x"}}')
    response = await tab.response_to("r")
    assert response["success"] or response["error"]["code"] in ("VALIDATION_ERROR", "NOT_FOUND")
    await tab.fence()
    assert len([frame for frame in tab.frames if frame.get("requestId") in ("q", "r")]) == 2


async def test_refused_text_reaches_neither_the_error_nor_the_log(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    marks = site.log_marks()
    for text in (
        f'{{"type":"{SECRET}"}}',
        f'{{"type":"ping","{SECRET}":1}}',
        f'{{"type":"create_message","room":"general","content":"{SECRET}\\u0000"}}',
        f'{{"type":"join_room","room":"{SECRET.upper()}"}}',
        f'{{"type":"ping"}} {SECRET}',
    ):
        await tab.send_text(text)
        await tab.expect_error()
    await tab.fence()
    assert SECRET.lower() not in site.log_text(marks).lower()


async def test_a_rule_of_the_domain_is_one_line_too(site: Site, open_tab: Tabs, alice: Person) -> None:
    tab = await open_tab(alice)
    marks = site.log_marks()
    await tab.refusal("join_room", room="no-such-room")
    await the_one_line(site, tab.connection_id, marks)
