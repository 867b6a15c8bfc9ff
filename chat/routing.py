"""Where sockets go: `/ws`, and a plain 404 for everything else."""

from typing import Any

from chat.server import opening
from chat.server.consumer import ChatConsumer, refuse

_chat = ChatConsumer.as_asgi()


async def socket_application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["path"].rstrip("/") == "/ws":
        await _chat(scope, receive, send)
    else:
        await receive()  # websocket.connect
        await refuse(scope, send, opening.unknown_path())
