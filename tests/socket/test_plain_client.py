"""A client that someone wrote from protocol.md alone: no library of ours, no helper of these tests."""

import asyncio
import json
import time

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.servers.people import Person
from tests.servers.sites import Site
from tests.servers.tabs import Tabs, ticket_for

pytestmark = pytest.mark.every_profile


async def receive(socket: ClientConnection, type_: str) -> dict:
    """Read frames until one of this type comes, replying to pings on the way."""
    while True:
        frame = json.loads(await asyncio.wait_for(socket.recv(), 10))
        if frame["type"] == "ping":
            await socket.send(json.dumps({"type": "pong"}))
        if frame["type"] == type_:
            return frame


async def test_a_client_written_from_the_protocol_alone_can_chat(
    site: Site, open_tab: Tabs, alice: Person, open_room: str, mallory: Person
) -> None:
    listener = await open_tab.in_room(alice, open_room)
    process = site.next_process()
    async with connect(f"{process.socket_url}?token={ticket_for(process, mallory)}", proxy=None) as socket:
        welcome = await receive(socket, "welcome")
        assert welcome["data"]["user"]["username"] == mallory.username

        await socket.send(json.dumps({"type": "join_room", "room": open_room}))
        joined = await receive(socket, "joined")
        assert joined["success"] is True and joined["data"]["room"]["slug"] == open_room

        await socket.send(json.dumps({"type": "room_message", "room": open_room, "content": "hi"}))
        heard = await receive(socket, "new_message")
        assert heard["data"]["message"]["content"] == "hi"
        assert heard["data"]["message"]["author"]["username"] == mallory.username

        request = {
            "type": "get_messages",
            "id": "r-1",
            "timestamp": int(time.time() * 1000),
            "payload": {"room": open_room},
        }
        await socket.send(json.dumps(request))
        response = await receive(socket, "get_messages")
        assert response["requestId"] == "r-1" and response["success"] is True
        assert response["data"]["messages"][-1]["content"] == "hi"

        await socket.send(json.dumps({"type": "ping"}))
        assert (await receive(socket, "pong"))["timestamp"] > 0
    await listener.expect_message("hi")
