"""The scripted other end of the socket: a very small chat server that misbehaves when a test tells it to.

A test opens `/control/<world>` and gives orders there; the clients of that test open `/ws/<world>`. Worlds share
nothing.
"""

import asyncio
import json
import logging
import threading
import time
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

ALICE = {"id": "1", "username": "alice"}
BOB = {"id": "2", "username": "bob"}
CLAUDE = {"id": "9", "username": "claude"}
PAGE = 50


def now() -> int:
    return int(time.time() * 1000)


class Room:
    """The truth about one room: rows by id, each with the change that last wrote it."""

    def __init__(self, slug):
        self.slug, self.epoch, self.change, self.rows = slug, "e1", 0, {}
        self.kept_from = 0

    def post(self, content, author, client_id=None):
        self.change += 1
        row = {
            "id": str(1000 + self.change),
            "room": self.slug,
            "seq": self.change,
            "change": self.change,
            "kind": "text",
            "author": author,
            "content": content,
            "html": content,
            "createdAt": now(),
            "reactions": [],
            "mentions": [],
        }
        if client_id:
            row["clientId"] = client_id
        self.rows[row["id"]] = row
        return row

    def write(self, seq, **fields):
        self.change += 1
        row = next(row for row in self.rows.values() if row["seq"] == seq)
        self.rows[row["id"]] = row = {**row, **fields, "change": self.change}
        return row

    def reply(self):
        """Store the message that will be the reply to the newest one."""
        row = self.post("", CLAUDE)
        row["reply"] = {**REPLY, "change": row["change"], "requestedBy": ALICE}
        return row

    def move(self, row, state, **reply):
        """Write the next state of a reply; what it says goes on in `row["reply"]`."""
        facts = {**row["reply"], **reply, "state": state, "change": self.change + 1}
        return self.write(row["seq"], reply=facts)

    def listed(self):
        return sorted(self.rows.values(), key=lambda row: row["seq"])

    def recovery(self, after, epoch):
        if after is None or epoch != self.epoch or not self.kept_from <= after <= self.change:
            page = self.listed()[-PAGE:]
            return {"messages": page, "reset": after is not None, "hasMore": len(self.rows) > len(page)}
        rows = sorted((row for row in self.rows.values() if row["change"] > after), key=lambda row: row["change"])
        return {"messages": rows, "reset": False, "hasMore": False}

    def page(self, limit=PAGE, before=None, after=None, around=None):
        rows = self.listed()
        if before is not None:
            start, end = 0, sum(row["seq"] < before for row in rows)
            start = max(0, end - limit)
        elif after is not None:
            start = sum(row["seq"] <= after for row in rows)
            end = min(len(rows), start + limit)
        elif around is not None:
            start = max(0, sum(row["seq"] < around for row in rows) - limit // 2)
            end = min(len(rows), start + limit)
        else:
            start, end = max(0, len(rows) - limit), len(rows)
        return {"messages": rows[start:end], "hasMore": start > 0, "hasNewer": end < len(rows)}


REPLY = {
    "state": "queued",
    "version": 1,
    "versions": 1,
    "attempt": 1,
    "n": 0,
    "model": "demo",
    "demo": True,
    "requestedBy": None,
}
ENDS = {"complete": "stream_end", "stopped": "stream_end", "interrupted": "error", "failed": "error"}


class World:
    """One test's server: its rooms, its connections, what it heard, and the faults that are still to happen."""

    def __init__(self):
        self.rooms, self.sockets, self.heard, self.urls = {}, set(), [], []
        self.user, self.heartbeat = ALICE, {"interval": 30_000, "timeout": 10_000}
        self.refusals, self.welcomes, self.dropped_events, self.delay_ms = 0, True, 0, 0
        self.faults = []
        self.frame_bytes = 65536  # as the welcome says
        self.bytes_read, self.refusal_code = 0, 1009  # 0: any; what is larger ends the connection with this code
        self.said = {}  # the text of each running reply, by message

    def room(self, slug):
        return self.rooms.setdefault(slug, Room(slug))

    def fault_of(self, frame_type):
        """The next fault meant for this type of request, once."""
        for at, (wanted, fault) in enumerate(self.faults):
            if wanted == frame_type:
                del self.faults[at]
                return fault
        return None

    async def say(self, frame_type, data, **more):
        text = json.dumps({"type": frame_type, "timestamp": now(), "success": True, "data": data, **more})
        await asyncio.gather(*(socket.send(text) for socket in self.sockets), return_exceptions=True)

    async def publish(self, frame_type, row):
        if self.dropped_events:
            self.dropped_events -= 1
            return
        await self.say(frame_type, {"room": row["room"], "change": row["change"], "message": row})

    async def publish_reply(self, row, request_id=None):
        """The one event of a reply's newest state."""
        more = {} if request_id is None else {"requestId": request_id}
        data = {"room": row["room"], "change": row["change"], "message": row}
        state = row["reply"]["state"]
        frame_type = {"queued": "stream_start", "running": "message_updated", **ENDS}[state]
        if frame_type == "stream_end":
            data["message"] = {name: value for name, value in row.items() if name != "html"}
        if frame_type == "error":
            more |= {"success": False, "error": {"code": "STREAM_ERROR", "message": row["reply"]["error"]}}
        await self.say(frame_type, data, **more)

    def reply_row(self, message):
        return next(room.rows[message] for room in self.rooms.values() if message in room.rows)

    def keyframe(self, message):
        row = self.reply_row(message)
        facts = {name: row["reply"][name] for name in ("version", "attempt", "n", "state")}
        return {"messageId": message, "text": self.said.get(message, row["content"]), "thinking": "", **facts}


def is_running(row):
    return row.get("reply", {}).get("state") == "running"


class Requests:
    """How the peer responds. One method for each request type, with the payload as its arguments."""

    def __init__(self, world):
        self.world = world

    def join_room(self, room, after=None, epoch=None):
        it = self.world.room(room)
        facts = {"slug": room, "name": room, "kind": "open", "topic": "", "change": it.change, "epoch": it.epoch}
        return "joined", {
            "room": facts,
            "role": "member",
            "change": it.change,
            "epoch": it.epoch,
            "lastReadSeq": 0,
            "streams": [self.world.keyframe(row["id"]) for row in it.listed() if is_running(row)],
            "online": [{**ALICE, "tabs": 1}],
            **it.recovery(after, epoch),
        }

    def leave_room(self, room):
        return "left", {"room": room}

    def sync(self, rooms):
        recoveries = {}
        for slug, at in rooms.items():
            it = self.world.room(slug)
            recoveries[slug] = {**it.recovery(at["change"], at["epoch"]), "change": it.change, "epoch": it.epoch}
        return "sync", {"rooms": recoveries}

    def get_messages(self, room, **where):
        return "get_messages", {"room": room, **self.world.room(room).page(**where)}

    def create_message(self, room, content, clientId=None, **_):  # noqa: N803 - as on the wire
        it = self.world.room(room)
        stored = next((row for row in it.rows.values() if clientId and row.get("clientId") == clientId), None)
        return "create_message", {"message": stored or it.post(content, self.world.user, clientId)}

    def execute(self, session, prompt, clientId=None):  # noqa: N803 - as on the wire
        it = self.world.room(session)
        stored = next((row for row in it.rows.values() if clientId and row.get("clientId") == clientId), None)
        if stored:
            reply = next(row for row in it.listed() if row["seq"] > stored["seq"] and "reply" in row)
            return "execute", {"message": stored, "reply": reply}
        return "execute", {"message": it.post(prompt, self.world.user, clientId), "reply": it.reply()}

    def get_stream(self, message):
        return "get_stream", self.world.keyframe(message)

    def stop_reply(self, message):
        return "stop_reply", self._moved(message, "stopped", content=self.world.said.get(message, ""))

    def retry_reply(self, message):
        versions = self.world.reply_row(message)["reply"]["versions"] + 1
        return "retry_reply", self._moved(message, "queued", version=versions, versions=versions, n=0)

    def continue_reply(self, message):
        row = self.world.reply_row(message)
        moved = self._moved(message, "queued", content=row["content"], attempt=row["reply"]["attempt"] + 1)
        return "continue_reply", moved

    def _moved(self, message, state, content="", **facts):
        row = self.world.reply_row(message)
        row["content"] = content
        row = self.world.room(row["room"]).move(row, state, **facts)
        return {"message": row, "state": state}

    def show_version(self, message, version):
        row = self.world.reply_row(message)
        reply = {**row["reply"], "version": version}
        return "show_version", {"message": self.world.room(row["room"]).write(row["seq"], reply=reply)}

    def echo(self, **payload):
        return "echo", payload

    def ping(self):
        return "pong", {}


class Peer:
    def __init__(self):
        self.worlds = {}
        self._ready = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._thread.start()
        if not self._ready.wait(10):
            raise RuntimeError("the peer did not start")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _run(self):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        quiet = logging.getLogger("tests.js.peer")
        quiet.setLevel(logging.ERROR)
        async with serve(
            self._handle, "127.0.0.1", 0, process_request=self._admit, ping_interval=None, logger=quiet
        ) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._stop.wait()

    def _world(self, path):
        _, kind, name = urlsplit(path).path.split("/")
        return kind, self.worlds.setdefault(name, World())

    def _admit(self, connection, request):
        kind, world = self._world(request.path)
        if kind != "ws":
            return None
        world.urls.append(request.path)
        if world.refusals:
            world.refusals -= 1
            return connection.respond(HTTPStatus.SERVICE_UNAVAILABLE, "draining")
        return None

    async def _handle(self, socket):
        kind, world = self._world(socket.request.path)
        with suppress(ConnectionClosed):
            await (self._control(socket, world) if kind == "control" else self._serve(socket, world))

    async def _serve(self, socket, world):
        if not world.welcomes:
            await socket.wait_closed()
            return
        await socket.send(
            json.dumps(
                {
                    "type": "welcome",
                    "success": True,
                    "timestamp": now(),
                    "data": {
                        "connectionId": str(len(world.urls)),
                        "user": world.user,
                        "protocol": 1,
                        "serverTime": now(),
                        "heartbeat": world.heartbeat,
                        "limits": {"frameBytes": world.frame_bytes, "contentChars": 8000},
                    },
                }
            )
        )
        world.sockets.add(socket)
        try:
            async for text in socket:
                if world.bytes_read and len(text.encode()) > world.bytes_read:
                    await socket.close(world.refusal_code)
                    return
                frame = json.loads(text)
                world.heard.append(frame)
                await self._respond(socket, world, frame)
        finally:
            world.sockets.discard(socket)

    async def _respond(self, socket, world, frame):
        handler = getattr(Requests(world), frame["type"], None)
        if handler is None:
            return
        fault = world.fault_of(frame["type"])
        if fault == "cut":  # before anything was done
            socket.transport.abort()
            return
        if fault == "ignore":
            return
        if isinstance(fault, dict):
            await socket.send(
                json.dumps(
                    {
                        "type": "error",
                        "requestId": frame.get("id"),
                        "timestamp": now(),
                        "success": False,
                        "error": {"message": "No.", **fault},
                    }
                )
            )
            return
        before = {slug: room.change for slug, room in world.rooms.items()}
        frame_type, data = handler(**frame.get("payload", {}))
        message = data.get("message")
        is_new = message and message["change"] > before.get(message["room"], 0)
        if fault == "lost response":  # after the commit
            socket.transport.abort()
            return
        if fault == "late response":  # the row's event comes first
            await world.publish("new_message", message)
        if world.delay_ms:
            await asyncio.sleep(world.delay_ms / 1000)
        await socket.send(
            json.dumps(
                {"type": frame_type, "requestId": frame.get("id"), "timestamp": now(), "success": True, "data": data}
            )
        )
        if is_new and fault != "late response":
            await self._tell(world, frame, data)

    async def _tell(self, world, frame, data):
        """The events of what a request has changed."""
        message = data["message"]
        if "state" in data:
            await world.publish_reply(message, frame.get("id"))
            return
        await world.publish("new_message" if message["seq"] == message["change"] else "message_updated", message)
        if "reply" in data:
            await world.publish_reply(data["reply"], frame.get("id"))

    async def _control(self, socket, world):
        async for text in socket:
            order = json.loads(text)
            response = await Orders(world).obey(**order)
            await socket.send(json.dumps(response))


class Orders:
    """What a test can tell its world to do."""

    def __init__(self, world):
        self.world = world

    async def obey(self, do, **facts):
        return await getattr(self, do)(**facts)

    async def set(self, **facts):
        for name, value in facts.items():
            setattr(self.world, name, value)

    async def fault(self, on, fault):
        self.world.faults.append((on, fault))

    async def say(self, type, data):
        await self.world.say(type, data)

    async def say_text(self, text):
        await asyncio.gather(*(socket.send(text) for socket in self.world.sockets))

    async def close(self, code, reason=""):
        await asyncio.gather(*(socket.close(code, reason) for socket in list(self.world.sockets)))

    async def cut(self):
        for socket in list(self.world.sockets):
            socket.transport.abort()

    async def post(self, room, content, times=1):
        for number in range(times):
            row = self.world.room(room).post(content if times == 1 else f"{content} {number + 1}", BOB)
            await self.world.publish("new_message", row)
        return row

    async def edit(self, room, seq, content):
        row = self.world.room(room).write(seq, content=content, html=content, editedAt=now())
        await self.world.publish("message_updated", row)

    async def delete(self, room, seq):
        row = self.world.room(room).write(seq, content="", html="", deletedAt=now())
        await self.world.publish("message_updated", row)

    async def run(self, room):
        """The first waiting reply's turn has come."""
        it = self.world.room(room)
        row = next(row for row in it.listed() if row.get("reply", {}).get("state") == "queued")
        row = it.move(row, "running")
        self.world.said[row["id"]] = row["content"]
        await self.world.publish_reply(row)
        return row

    async def speak(self, room, text, lost=False):
        """The running reply's next words, which no one hears if they are lost."""
        row = next(row for row in self.world.room(room).listed() if is_running(row))
        row["reply"] = {**row["reply"], "n": row["reply"]["n"] + 1}
        self.world.said[row["id"]] += text
        run = {name: row["reply"][name] for name in ("version", "attempt", "n")}
        if not lost:
            await self.world.say("stream_delta", {"room": room, "messageId": row["id"], "text": text, **run})

    async def finish(self, room, state="complete", content=None, request=None, **reply):
        row = next(row for row in self.world.room(room).listed() if is_running(row))
        row["content"] = row["html"] = content if content is not None else self.world.said[row["id"]]
        row = self.world.room(room).move(row, state, **reply)
        await self.world.publish_reply(row, request)
        return row

    async def forget(self, room):
        """From now on a client that comes back gets only the last page: too much has changed."""
        self.world.room(room).kept_from = self.world.room(room).change

    async def restore(self, room, epoch):
        """The room's history was brought back from a backup: other rows under the same numbers."""
        it = self.world.rooms[room] = Room(room)
        it.epoch = epoch

    async def log(self):
        return {"heard": self.world.heard, "urls": self.world.urls, "open": len(self.world.sockets)}

    async def messages(self, room):
        return self.world.room(room).listed()
