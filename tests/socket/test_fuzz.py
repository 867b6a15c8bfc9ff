"""A fuzzer against a running server: requests that are nearly right, frames that are nearly frames, and hostile texts.

30 s here; `make fuzz SECONDS=600` goes on for longer. It prints its seed first, and
FUZZ_SEED=… plays the same again. The decoder on its own is tried in tests/protocol/test_decoder_properties.py.
"""

import asyncio
import json
import os
import random
import secrets
import socket
import time
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from tests.chat.test_hostile_operations import READERS, assert_linear
from tests.hostile_grammar import RECIPES, Recipe
from tests.protocol.wire_strategies import JSON_VALUES, REQUESTS
from tests.servers.people import Person
from tests.servers.raw_socket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame
from tests.servers.server_process import ServerProcess
from tests.servers.sites import UVICORN_SQLITE, Site, SiteBuilder
from tests.servers.tabs import Tabs

SECONDS = float(os.environ.get("FUZZ_SECONDS", "30"))
SEED = int(os.environ.get("FUZZ_SEED", random.SystemRandom().randrange(2**32)))
GROWTH_BYTES = 150_000_000
RESPONSE_SECONDS = 30
FENCE = "the fence"

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
)


OPTIONS = hypothesis.settings(
    max_examples=50,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@st.composite
def texts(draw: st.DrawFn, room: str) -> str:
    """Return a request, often for a room that exists, whole or with something wrong in one place."""
    type_, payload = draw(REQUESTS)
    if "room" in payload and draw(st.booleans()):
        payload = {**payload, "room": room}
    if draw(st.booleans()):
        payload = {**payload, draw(st.sampled_from([*payload, "more"])): draw(JSON_VALUES)}
    text = json.dumps({"type": type_, "id": draw(st.integers(0, 9)), "payload": payload}, ensure_ascii=False)
    if draw(st.booleans()):
        at = draw(st.integers(0, len(text)))
        text = text[:at] + draw(st.text(max_size=4)) + text[at + draw(st.integers(0, 4)) :]
    return text


@st.composite
def wire_pieces(draw: st.DrawFn, room: str) -> bytes:
    """Return a frame of any kind, sometimes with some of its bytes changed or cut off."""
    payload = draw(st.binary(max_size=200) | texts(room).map(lambda text: text.encode(errors="replace")))
    data = frame(
        draw(st.sampled_from([TEXT, TEXT, CONTINUATION, BINARY, PING, PONG, CLOSE, 3, 15])),
        payload,
        fin=draw(st.booleans()),
        masked=draw(st.sampled_from([True, True, True, False])),
        reserved=draw(st.sampled_from([0, 0, 0, 0x40, 0x70])),
    )
    if draw(st.booleans()):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.binary(max_size=4)) + data[at + draw(st.integers(0, 4)) :]
    return data


class Line:
    """One connection of the fuzzer; what comes over it must be frames of ours."""

    def __init__(self, process: ServerProcess, person: Person) -> None:
        self._socket = socket.create_connection(("127.0.0.1", process.port), RESPONSE_SECONDS)
        self._file = self._socket.makefile("rb")
        self.send(HANDSHAKE.format(token=person.token).encode())
        assert b" 101 " in self._file.readline()
        while self._file.readline() not in (b"\r\n", b""):
            pass

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def texts(self) -> Any:
        """Yield what the server says until it ends the line. Raises TimeoutError when it does neither."""
        while len(head := self._file.read(2)) == 2:
            size = head[1]
            if size > 125:
                size = int.from_bytes(self._file.read(2 if size == 126 else 8), "big")
            payload = self._file.read(size)
            if head[0] == 0x80 | TEXT:
                said = json.loads(payload)
                assert said.get("error", {}).get("code") != "INTERNAL_ERROR", said
                yield said

    def end(self) -> None:
        """Say no more, and read to the end."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
            for _ in self.texts():
                pass
        except ConnectionError:
            pass  # ended by the server already

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def requests_never_end_the_conversation(line: Line, said: list[str]) -> None:
    for text in said:
        line.send(frame(TEXT, text.encode(errors="replace")))
    line.send(frame(TEXT, json.dumps({"type": "ping", "id": FENCE}).encode()))
    assert any(response.get("requestId") == FENCE for response in line.texts()), "the server hung up"


def post(text: str, room: str, request_id: str) -> bytes:
    payload = {"room": room, "content": text}
    request = {"type": "create_message", "id": request_id, "payload": payload}
    return frame(TEXT, json.dumps(request).encode())


class Slowest:
    """How long each hostile text took until it was stored, and which ones were the slowest for their size."""

    def __init__(self, room: str) -> None:
        self._room = room
        self._took: list[tuple[float, int, Recipe]] = []

    def a_hostile_text_is_stored_and_read_in_linear_time(self, line: Line, dish: tuple[Recipe, int]) -> None:
        recipe, chars = dish
        for reader in READERS.values():
            assert_linear(reader, recipe)
        text = recipe.of(chars)
        began = time.monotonic()
        request_id = secrets.token_urlsafe()  # under one id there is only one text
        line.send(post(text, self._room, request_id))
        said = next((each for each in line.texts() if each.get("requestId") == request_id), None)
        assert said, f"the server hung up: {recipe}"
        code = said.get("error", {}).get("code", "")
        assert code in ("", "VALIDATION_ERROR"), (code, recipe)
        self._took.append((time.monotonic() - began, len(text), recipe))

    def report(self) -> str:
        """Return the slowest for their size, and the slowest of all."""
        if not self._took:
            return "no text was stored"
        by_size = sorted(self._took, key=lambda each: each[0] / (each[1] + 1_000), reverse=True)[:3]
        slowest = max(self._took, key=lambda each: each[0])
        lines = [
            f"  {took * 1000:.0f} ms for {chars} characters of {recipe!r}"
            for took, chars, recipe in [*by_size, slowest]
        ]
        return "\n".join([f"{len(self._took)} texts; the slowest for their size, and of all:", *lines])


def whatever_the_bytes_the_line_ends_with_its_client(line: Line, pieces: list[bytes]) -> None:
    try:
        for piece in pieces:
            line.send(piece)
    except ConnectionError:
        return  # closed for one of the first, and gone
    line.end()


class Fuzzer:
    """Tries examples until the time is over, and counts them. Of those that fail Hypothesis shows the smallest."""

    def __init__(self, process: ServerProcess, person: Person, room: str, quiet_room: str) -> None:
        """quiet_room: one that the random requests do not know, and so can't leave."""
        self._process, self._person = process, person
        self.slowest = Slowest(quiet_room)
        dishes = st.tuples(RECIPES, st.sampled_from([500, 4_000, 19_000]))
        self._plays: list[tuple[Callable[[Line, Any], None], st.SearchStrategy[Any]]] = [
            (requests_never_end_the_conversation, st.lists(texts(room), max_size=10)),
            (whatever_the_bytes_the_line_ends_with_its_client, st.lists(wire_pieces(room), max_size=10)),
            (self.slowest.a_hostile_text_is_stored_and_read_in_linear_time, dishes),
        ]
        self.count = 0

    def run(self, until: float) -> None:
        round_number = 0
        while time.monotonic() < until:
            for play, examples in self._plays:
                self._round(play, examples, SEED + round_number, until)
            round_number += 1

    def _round(
        self, play: Callable[[Line, Any], None], examples: st.SearchStrategy[Any], seed: int, until: float
    ) -> None:
        @hypothesis.seed(seed)
        @OPTIONS
        @given(examples)
        def each(example: Any) -> None:
            if time.monotonic() > until:
                return
            self.count += 1
            line = Line(self._process, self._person)
            try:
                play(line, example)
            finally:
                line.close()

        each()


def errors_in(log_text: str) -> list[str]:
    return [line for line in log_text.splitlines() if json.loads(line)["level"] in ("error", "critical")]


async def chat_until(site: Site, alice: Person, bob: Person, is_over: asyncio.Event) -> None:
    """Two people talk all the while, and each word arrives once and in order."""
    open_tab = Tabs(site)
    room = await open_tab.make_room(alice, bob)
    alices, bobs = await open_tab(alice), await open_tab.in_room(bob, room)
    said: list[str] = []
    while not is_over.is_set():
        said.append(f"word {len(said)}")
        await alices.post(room, said[-1])
        await asyncio.sleep(0.1)
    heard = [event["message"]["content"] for event in await bobs.collect("new_message", len(said))]
    assert heard == said
    await open_tab.close_all()


async def test_nearly_right_input_harms_nobody(site_builder: SiteBuilder) -> None:
    print(f"FUZZ_SEED={SEED} FUZZ_SECONDS={SECONDS:g}")
    with site_builder.running(UVICORN_SQLITE, MESSAGES_PER_MINUTE="0") as site:
        alice, bob, mallory = site.people.create("alice", "bob", "mallory")
        process = site.processes[0]
        room, quiet_room = await Tabs(site).make_room(mallory), await Tabs(site).make_room(mallory)
        before = process.memory_bytes()
        fuzzer = Fuzzer(process, mallory, room, quiet_room)
        is_over = asyncio.Event()
        chatting = asyncio.create_task(chat_until(site, alice, bob, is_over))
        try:
            await asyncio.to_thread(fuzzer.run, time.monotonic() + SECONDS)
        finally:
            is_over.set()
        await chatting
        grown = process.memory_bytes() - before
        print(f"{fuzzer.count} conversations, {grown / 1e6:.0f} MB more; {fuzzer.slowest.report()}")
        assert fuzzer.count > 0 and process.is_running
        assert grown < GROWTH_BYTES
        assert errors_in(site.log_text()) == []
