"""The examples in docs/protocol.md are what the program really takes and sends, and its two clients really work."""

import asyncio
import itertools
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright

from chat.protocol import frames, wire
from chat.protocol.catalogue import EVENTS, RESPONSES
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import PAYLOADS
from tests import chromium
from tests.docs.settings_read import REPOSITORY
from tests.servers.people import Person
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

PAGE: Final = (REPOSITORY / "docs/protocol.md").read_text()
FENCE: Final = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EVENT_STREAM_PAGE: Final = REPOSITORY / "static/chat/js/examples/stream.js"
JSON_KINDS: Final = {"request", "response", "event", "error", "room", "message", "ticket"}
CLIENT_LINES_AT_MOST: Final = 61
ARRIVAL_SECONDS: Final = 30

# The largest whole number that JavaScript can count is no bound that a reader needs to be told.
UNTOLD_BOUNDS: Final = {0, 2**53 - 1}
RESPONSE_DATA: Final = dict(RESPONSES.values())

# --- The examples ---------------------------------------------------------------------------------------------


class Example(NamedTuple):
    language: str
    kind: str
    text: str
    line: int

    @property
    def value(self) -> Any:
        return json.loads(self.text)


EXAMPLES: Final = [
    Example(found[1], found[2] or "", found[3], PAGE[: found.start()].count("\n") + 1) for found in FENCE.finditer(PAGE)
]


def examples(kind: str) -> list[Any]:
    found = [example for example in EXAMPLES if example.language == "json" and example.kind == kind]
    return [pytest.param(example, id=f"line-{example.line}") for example in found]


def types_of(kind: str) -> set[str]:
    return {example.value["type"] for example in EXAMPLES if example.kind == kind}


def same_after_reading(value: Any, struct: type[wire.Wire]) -> None:
    """The struct reads the value and writes the same again: no field too many, none missing, none of another type."""
    assert msgspec.to_builtins(msgspec.convert(value, struct)) == value


def test_every_json_example_is_of_a_kind_that_is_checked() -> None:
    assert {example.kind for example in EXAMPLES if example.language == "json"} == JSON_KINDS


@pytest.mark.parametrize("example", examples("request"))
def test_a_request_is_one_that_the_server_reads(example: Example) -> None:
    assert frames.decode(example.text).type in PAYLOADS


@pytest.mark.parametrize("example", examples("response"))
def test_a_response_is_one_that_the_server_sends(example: Example) -> None:
    same_after_reading(example.value, wire.Ok)
    assert example.value["success"] is True
    assert "requestId" in example.value
    same_after_reading(example.value["data"], RESPONSE_DATA[example.value["type"]])


@pytest.mark.parametrize("example", examples("event"))
def test_an_event_is_one_that_the_server_sends(example: Example) -> None:
    is_failure = example.value["type"] == "error"
    same_after_reading(example.value, wire.Failure if is_failure else wire.Ok)
    assert example.value["success"] is not is_failure
    assert not is_failure or example.value["error"]["code"] == ErrorCode.STREAM_ERROR
    assert "requestId" not in example.value
    event = EVENTS[example.value["type"]]
    same_after_reading(example.value["data"], event.data)
    assert event.durable == ("change" in example.value["data"])


@pytest.mark.parametrize("example", examples("error"))
def test_an_error_is_one_that_the_server_sends(example: Example) -> None:
    same_after_reading({"data": None, **example.value}, wire.Failure)
    assert example.value["type"] == "error"
    assert example.value["success"] is False
    assert ErrorCode(example.value["error"]["code"])


@pytest.mark.parametrize("example", examples("room"))
def test_a_room_has_its_fields(example: Example) -> None:
    same_after_reading(example.value, wire.Room)


@pytest.mark.parametrize("example", examples("message"))
def test_a_message_has_its_fields(example: Example) -> None:
    same_after_reading(example.value, wire.Message)


def test_everything_has_an_example() -> None:
    assert {frames.decode(example.text).type for example in EXAMPLES if example.kind == "request"} == set(PAYLOADS)
    assert types_of("response") == {response for response, _data in RESPONSES.values()}
    assert types_of("event") == set(EVENTS)


# --- The tables of the requests -------------------------------------------------------------------------------


class Row(NamedTuple):
    type: str
    default: str


def section(heading: str) -> str:
    """Return what stands under a heading of the third level."""
    found = re.search(rf"^### {re.escape(heading)}\n(.*?)(?=^##+ |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no section {heading}"
    return found[1]


def rows(text: str) -> dict[str, Row]:
    """Return the rows of a table of fields, by field."""
    return {
        name: Row(type_, default)
        for name, type_, default in re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|", text, re.MULTILINE)
    }


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_request_is_described_with_all_its_fields_and_no_others(name: str) -> None:
    assert set(rows(section(f"`{name}`"))) == set(PAYLOADS[name].__struct_fields__)


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_a_field_is_called_required_when_it_is(name: str) -> None:
    described = rows(section(f"`{name}`"))
    for field in msgspec.structs.fields(PAYLOADS[name]):
        assert (described[field.name].default == "required") == field.required, field.name


@pytest.mark.parametrize("name", sorted(PAYLOADS))
def test_the_bounds_and_defaults_of_a_field_are_told(name: str) -> None:
    described = rows(section(f"`{name}`"))
    _reference, components = msgspec.json.schema_components([PAYLOADS[name]])
    for field, schema in components[PAYLOADS[name].__name__].get("properties", {}).items():
        for bound in bounds(schema) - UNTOLD_BOUNDS:
            assert re.search(rf"\b{bound}\b", described[field].type), f"{field}: {bound}"
        if schema.get("default") not in (None, "", []):
            told = described[field].default.strip("`")
            assert told == str(schema["default"]) or told == json.dumps(schema["default"]), field


def bounds(schema: dict[str, Any]) -> set[int]:
    """Return the numbers that a schema sets; patterns speak for themselves, as the words slug and id do."""
    if "pattern" in schema:
        return set()
    wanted = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
    return {schema[name] for name in wanted if name in schema}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_described_with_an_example_of_it(name: str) -> None:
    assert f'"type":"{name}"' in section(f"`{name}` event")


def test_the_page_that_listens_is_quoted_as_it_is() -> None:
    assert code("javascript", "stream") == EVENT_STREAM_PAGE.read_text()


# --- The clients ----------------------------------------------------------------------------------------------


def code(language: str, kind: str) -> str:
    (found,) = [example for example in EXAMPLES if (example.language, example.kind) == (language, kind)]
    return found.text


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_a_client_is_short(language: str) -> None:
    assert len(code(language, "client").splitlines()) < CLIENT_LINES_AT_MOST


@pytest.fixture(scope="module")
def site(site_builder: SiteBuilder) -> Iterator[Site]:
    """A site of this module's own, because it is restarted."""
    with site_builder.running(UVICORN_SQLITE) as running:
        yield running


@pytest_asyncio.fixture
async def open_tab(site: Site) -> AsyncIterator[Tabs]:
    tabs = Tabs(site)
    yield tabs
    await tabs.close_all()


@pytest.fixture
def alice(site: Site) -> Person:
    return site.people.create("alice")[0]


@pytest.fixture
def bob(site: Site) -> Person:
    return site.people.create("bob")[0]


async def restart(site: Site) -> None:
    """Stop the server, which sends everyone away with 1012, and start it again on the same port."""
    (process,) = site.processes
    await asyncio.to_thread(process.stop)
    process.launch()  # not in a thread: the child would end with it
    await asyncio.to_thread(process.wait_ready)


async def say(open_tab: Tabs, person: Person, room: str, content: str) -> None:
    async with await open_tab(person) as tab:
        await tab.post(room, content)


class PythonClient:
    """The page's Python client as a process, and what it prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        self._process, self._stdout = process, process.stdout
        self.lines: list[str] = []

    @classmethod
    async def start(cls, path: Path, *arguments: str) -> "PythonClient":
        await asyncio.to_thread(path.write_text, code("python", "client"))
        # The library's first wait after a refused connection: five seconds would make the test wait for nothing.
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environment |= {"WEBSOCKETS_BACKOFF_INITIAL_DELAY": "0.2", "WEBSOCKETS_BACKOFF_MIN_DELAY": "0.2"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(path), *arguments, stdout=asyncio.subprocess.PIPE, env=environment
        )
        return cls(process)

    async def prints(self, ending: str) -> None:
        """Wait for a line with this ending."""
        async with asyncio.timeout(ARRIVAL_SECONDS):
            while not any(line.endswith(ending) for line in self.lines):
                line = await self._stdout.readline()
                assert line, f"the client ended after {self.lines}"
                self.lines.append(line.decode().rstrip("\n"))

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        self.lines += (await self._stdout.read()).decode().splitlines()
        await self._process.wait()


async def test_the_python_client_keeps_a_room_over_a_restart(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, tmp_path: Path
) -> None:
    room = await open_tab.make_room(alice, bob)
    await say(open_tab, alice, room, "before it came")
    arguments = (site.processes[0].socket_url, bob.token, room, "hello from the page", "and again")
    client = await PythonClient.start(tmp_path / "client.py", *arguments)
    try:
        await client.prints("and again")
        await say(open_tab, alice, room, "live")
        await client.prints("live")
        await restart(site)
        await say(open_tab, alice, room, "after the restart")
        await client.prints("after the restart")
    finally:
        await client.stop()
    said = ["before it came", "hello from the page", "and again", "live", "after the restart"]
    authors = [alice, bob, bob, alice, alice]
    assert client.lines == [
        f"{seq} {author.username} {content}" for seq, author, content in zip(itertools.count(1), authors, said)
    ]
    assert [message["content"] for message in site.people.messages(room)] == said


@pytest_asyncio.fixture
async def bobs_page(site: Site, bob: Person) -> AsyncIterator[Page]:
    """A page of the site in a browser in which bob is signed in."""
    origin = site.processes[0].origin
    executable = chromium.executable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=chromium.ARGUMENTS)
        context = await browser.new_context()
        await context.add_cookies(
            [
                {"name": "sessionid", "value": site.people.sign_in(bob), "url": origin},
                {"name": "csrftoken", "value": "0123456789abcdef" * 2, "url": origin},
            ]
        )
        page = await context.new_page()
        await page.goto(f"{origin}/healthz")
        yield page
        await browser.close()


async def test_the_javascript_client_keeps_a_room_over_a_restart(
    site: Site, open_tab: Tabs, alice: Person, bob: Person, bobs_page: Page
) -> None:
    room = await open_tab.make_room(alice, bob)
    await say(open_tab, alice, room, "before it came")
    # The page's own lines, with the room of this test, and its messages where the test can see them.
    use = code("javascript", "use").replace('"general"', json.dumps(room))
    use = use.replace("console.log(messages.at(-1)?.content)", "window.shown = messages.map((each) => each.content)")
    # Chance could make the client wait for half a minute while the server restarts.
    await bobs_page.evaluate("() => { Math.random = () => 0.05; }")
    await bobs_page.evaluate(f"{code('javascript', 'client')}\n{use}\nwindow.client = client;")

    async def shows(*contents: str) -> None:
        await bobs_page.wait_for_function(
            "(wanted) => JSON.stringify(window.shown) === wanted",
            arg=json.dumps(contents, separators=(",", ":")),
            timeout=ARRIVAL_SECONDS * 1000,
        )

    await shows("before it came", "Hello")
    await say(open_tab, alice, room, "live")
    await shows("before it came", "Hello", "live")
    await asyncio.gather(restart(site), bobs_page.evaluate("window.client.post('while it was away')"))
    await say(open_tab, alice, room, "after the restart")
    everything = "() => window.client.outbox.size === 0 && window.shown.length === 5"
    await bobs_page.wait_for_function(everything, timeout=ARRIVAL_SECONDS * 1000)
    stored = [message["content"] for message in site.people.messages(room)]
    await shows(*stored)
    assert sorted(stored) == sorted(["before it came", "Hello", "live", "while it was away", "after the restart"])
