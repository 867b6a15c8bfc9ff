"""What a client is refused is logged, but not as often as it likes: a disk would be full within days."""

from typing import Any, cast

import pytest

from accounts.credentials import Credential
from chat.limits import buckets
from chat.realtime.delivery.connection import Connection
from chat.server import consumer
from chat.server.runtime import Runtime
from tests.chat.realtime.clock import clock_in


@pytest.mark.parametrize("text", ["{", '{"type":"typing","id":1,"payload":{"room":"den","typing":true}}'])
async def test_of_a_flood_of_refusals_few_are_logged_and_all_are_sent(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    settings.FRAMES_PER_SECOND, settings.OUTBOX_BYTES = 0, 0
    clock = clock_in(monkeypatch, buckets)
    responses = list[Any]()

    async def send(message: Any) -> None:
        pass

    connection = Connection("c", Credential(1, "alice", "token", "1"), "192.0.2.1", send)
    monkeypatch.setattr(Connection, "send", lambda _connection, payload: responses.append(payload))
    for _ in range(300):
        await consumer._take(cast(Runtime, None), connection, text)
    assert (caplog.text.count("refused"), len(responses)) == (20, 300)
    clock.now += 5
    for _ in range(300):
        await consumer._take(cast(Runtime, None), connection, text)
    assert caplog.text.count("refused") == 25
