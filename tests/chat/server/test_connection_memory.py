"""What a connection was is gone when it ends: as a cycle it would stay until the next full garbage collection."""

import asyncio
import gc
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.server import ServerProtocol

from accounts.credentials import Credential
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.direct_outbox import DirectOutbox
from chat.realtime.delivery.payload import Payload
from chat.server import consumer, opening
from chat.server.consumer import ChatConsumer
from chat.server.transport.uvicorn_protocol import AbortableHttp, FrameProtocol
from tests.chat.server.transport.test_uvicorn_protocol import HANDSHAKE, Line

KINDS = (AbortableHttp, FrameProtocol, ServerProtocol, Connection, DirectOutbox)


class SwitchingLine(Line):
    """A line whose protocol changes with the upgrade."""

    protocol: asyncio.Protocol | None = None

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol


@pytest.fixture
def no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process in which everyone is welcome and hears one frame."""

    async def current() -> Any:
        return SimpleNamespace(
            admit=lambda connection: None,
            welcome=lambda connection: connection.send(Payload('{"type":"welcome"}')),
            access_changed_lately=lambda user_id: False,
            dismiss=lambda connection: None,
        )

    async def let_in(_scope: Any, _process: Any) -> tuple[Credential, str]:
        return Credential(1, "alice", "token", "1"), "192.0.2.1"

    monkeypatch.setattr(consumer, "current", current)
    monkeypatch.setattr(opening, "let_in", let_in)


async def _turns() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def _living() -> list[str]:
    return [type(each).__name__ for each in gc.get_objects() if type(each) in KINDS]


async def test_nothing_of_a_lost_connection_waits_for_the_garbage_collector(no_collection: None, process: None) -> None:
    config = Config(ChatConsumer.as_asgi(), ws=FrameProtocol, ws_per_message_deflate=False, log_config=None)
    config.load()
    before = _living()
    line = SwitchingLine()
    http = AbortableHttp(config, ServerState(), {})
    http.connection_made(line)
    http.data_received(HANDSHAKE)
    await _turns()
    assert b"welcome" in b"".join(line.written)
    assert line.protocol is not None
    line.protocol.connection_lost(None)
    await _turns()
    line.protocol = None
    del http
    assert sorted(_living()) == sorted(before)
