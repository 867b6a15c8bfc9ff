"""The chat's consumer: the tutorial's group_add, group_send and one handler for each kind of event."""

import itertools
import json
import time
from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.conf import settings
from django.utils.html import escape

from bench.peers.stock.models import Message

_SENDER = {"id": "1", "username": "sender"}
_numbers = itertools.count(1)  # of messages that are not stored

Json = dict[str, Any]


class ChatConsumer(AsyncJsonWebsocketConsumer):
    rooms: set[str]

    @classmethod
    async def encode_json(cls, content: Json) -> str:
        # Channels' own way to change the encoding. Without the spaces a frame has as many bytes as Parley's.
        return json.dumps(content, separators=(",", ":"))

    async def connect(self) -> None:
        self.rooms = set()
        await self.accept()

    async def disconnect(self, code: int) -> None:
        for room in self.rooms:
            await self.channel_layer.group_discard(_group(room), self.channel_name)

    async def receive_json(self, content: Json) -> None:
        payload = content["payload"]
        if content["type"] == "typing":
            await self.typing(payload)
        elif content["type"] == "create_message":
            await self.create_message(content["id"], payload)
        elif content["type"] == "join_room":
            await self.join_room(content["id"], payload)

    async def join_room(self, request_id: str, payload: Json) -> None:
        self.rooms.add(payload["room"])
        await self.channel_layer.group_add(_group(payload["room"]), self.channel_name)
        await self.send_json(_frame("joined", {"room": payload["room"]}, requestId=request_id))

    async def typing(self, payload: Json) -> None:
        data = {"room": payload["room"], "user": _SENDER, "typing": payload["typing"]}
        event = {"type": "chat.typing", "sender": self.channel_name, "frame": _frame("typing", data)}
        await self.channel_layer.group_send(_group(payload["room"]), event)

    async def create_message(self, request_id: str, payload: Json) -> None:
        room = payload["room"]
        if settings.STORE:  # type: ignore[misc]  # the type checker knows Parley's settings
            stored = await Message.objects.acreate(
                room=room, author=_SENDER["username"], content=payload["content"], client_id=payload["clientId"]
            )
            message = _message(stored.pk, payload)
            await self.send_json(_frame("create_message", {"message": message}, requestId=request_id))
        else:
            message = _message(next(_numbers), payload)
        data = {"room": room, "change": message["change"], "message": message}
        event = {"type": "chat.message", "frame": _frame("new_message", data)}
        await self.channel_layer.group_send(_group(room), event)

    async def chat_typing(self, event: Json) -> None:
        if event["sender"] != self.channel_name:
            await self.send_json(event["frame"])

    async def chat_message(self, event: Json) -> None:
        await self.send_json(event["frame"])


def _group(room: str) -> str:
    return f"chat_{room}"


def _frame(type: str, data: Json, **more: str) -> Json:
    return {"type": type, "timestamp": _now(), "data": data, "success": True, **more}


def _message(number: int, payload: Json) -> Json:
    return {
        "id": str(number),
        "room": payload["room"],
        "seq": number,
        "change": number,
        "kind": "text",
        "author": _SENDER,
        "content": payload["content"],
        "html": f"<p>{escape(payload['content'])}</p>\n",
        "createdAt": _now(),
        "reactions": [],
        "mentions": [],
        "clientId": payload["clientId"],
    }


def _now() -> int:
    return time.time_ns() // 1_000_000
