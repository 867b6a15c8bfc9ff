"""The peers as processes: installed, started on one core, asked in their own envelope, and stopped.

Every peer is one process, pinned with all its threads before it runs its first instruction. `note` says what it does
not do that Parley does in the same measurement.
"""

import json
import os
import re
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import ClassVar, Final, Literal

from bench import machine
from bench.load.sockets import OpeningFailed, Sockets, Step
from bench.peers.packages import PeerUnavailable, find_program, install_packages, pinned_versions
from tests.servers.private_redis import PrivateRedis
from tests.servers.processes import REPOSITORY, ChildProcess, free_port

START_SECONDS: Final = 30
_FOLDER: Final = Path(__file__).parent

_BROADCASTS: Final = "only broadcasts: no sign-in, validation, membership, rate limit, storing, response or recovery"
_STORES: Final = (
    "stores, responds and broadcasts: no sign-in, validation, membership, rate limit, order in the room or recovery"
)


class Peer(ABC):
    """One server to measure against. It may be started again after `stop`, then with an empty database.

    opening: the steps of a new socket before it may ask anything. marker_typing, marker_message: what stands in each
    delivered `typing` or `new_message` and in no other frame; marker_response: the same for the response to a
    `create_message`, None when nothing does.
    """

    path: ClassVar[str] = "/ws"
    opening: ClassVar[tuple[Step, ...]] = ()
    marker_typing: ClassVar[bytes] = b'"type":"typing"'
    marker_message: ClassVar[bytes] = b'"type":"new_message"'

    def __init__(self, name: str, note: str, directory: Path, *, stores: bool = False) -> None:
        """directory: an existing one for the log and the database."""
        self.name = name
        self.note = note
        self.stores = stores
        self.marker_response = b'"type":"create_message"' if stores else None
        self.port = 0
        file_name = re.sub(r"\W+", "-", name.lower())
        self._database = directory / f"{file_name}.sqlite3"
        self._child = ChildProcess(name, directory / f"{file_name}.log")

    @abstractmethod
    def version(self) -> str:
        """Return the names and versions of what it is made of."""

    @abstractmethod
    def install(self) -> None:
        """Bring what it is made of into its own folder, unless it is there. Raises PeerUnavailable."""

    @abstractmethod
    def _command(self) -> Sequence[str]: ...

    @abstractmethod
    def _environment(self) -> Mapping[str, str]: ...

    @property
    def folder(self) -> Path:
        """The directory it runs in."""
        return REPOSITORY

    @property
    def pid(self) -> int:
        return self._child.pid

    def start(self, core: int) -> None:
        """Start it on a free port, and return when it accepts WebSockets. Raises RuntimeError with its log."""
        self.port = free_port()
        try:
            self._prepare()
            env = {**os.environ, **self._environment(), "PORT": str(self.port), "DATABASE": str(self._database)}
            env["STORE"] = "1" if self.stores else "0"
            with machine.on_cores([core]):
                self._child.spawn(self._command(), env, cwd=self.folder)
            self._child.wait_until(self._accepts_sockets, START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self._child.stop()

    def wrap_request(self, text: str) -> str:
        """Return a request as this peer's clients send it, given as Parley's do."""
        return text

    def _prepare(self) -> None:
        """Start or make what it needs beside itself; here: remove the database of its last run."""
        for leftover in self._database.parent.glob(self._database.name + "*"):
            leftover.unlink()

    def _accepts_sockets(self) -> bool:
        try:
            with Sockets(self.port, self.path) as sockets:
                sockets.open(self.opening)
        except (OSError, OpeningFailed):
            return False
        return True


class StockChannels(Peer):
    """The Channels tutorial's chat. Layers: in-memory, channels-redis `core` (its default) and `pubsub`."""

    def __init__(
        self,
        server: Literal["daphne", "uvicorn"],
        layer: Literal["memory", "core", "pubsub"],
        directory: Path,
        *,
        stores: bool = False,
    ) -> None:
        servers = {"daphne": "Daphne", "uvicorn": "uvicorn"}
        layers = {"memory": "in-memory layer", "core": "channels-redis", "pubsub": "channels-redis pub/sub"}
        name = f"stock Channels on {servers[server]}, {layers[layer]}"
        note = _STORES if stores else _BROADCASTS
        if server == "uvicorn":
            note += "; uvloop, websockets-sansio, no compression"
        if layer != "memory":
            note += "; Redis on any core"
        super().__init__(name + (", async ORM" if stores else ""), note, directory, stores=stores)
        self._server = server
        self._layer = layer
        self._redis = None if layer == "memory" else PrivateRedis(directory / f"redis-{server}-{layer}-{int(stores)}")

    def version(self) -> str:
        names = ["channels", self._server, *([] if self._redis is None else ["channels-redis", "redis"])]
        return ", ".join(f"{name} {metadata.version(name)}" for name in names)

    def install(self) -> None:
        """Nothing: it is made of what Parley needs itself."""

    def stop(self) -> None:
        super().stop()
        if self._redis is not None:
            self._redis.stop()

    def _prepare(self) -> None:
        super()._prepare()
        if self._redis is not None:
            # The benchmark may have bound itself to the generator's core, where Redis would be in its way.
            with machine.on_cores(machine.ALL_CORES):
                self._redis.start()
        if self.stores:
            env = {**os.environ, **self._environment(), "DATABASE": str(self._database)}
            command = [sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0"]
            done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, text=True)
            if done.returncode != 0:
                raise RuntimeError(f"{self.name}: migrate failed:\n{done.stdout}{done.stderr}")

    def _environment(self) -> Mapping[str, str]:
        redis_url = "" if self._redis is None else self._redis.url
        return {"DJANGO_SETTINGS_MODULE": "bench.peers.stock.settings", "LAYER": self._layer, "REDIS_URL": redis_url}

    def _command(self) -> Sequence[str]:
        application = "bench.peers.stock.asgi:application"
        if self._server == "daphne":
            # Defaults but for this: it would close a generator's socket, which ignores pings.
            options = ["--bind", "127.0.0.1", "--port", str(self.port), "--verbosity", "0", "--ping-interval", "86400"]
            return [sys.executable, "-m", "daphne", *options, application]
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--log-level", "warning", "--no-access-log"]
        options += ["--lifespan", "off", "--ws-ping-interval", "86400", "--ws-per-message-deflate", "false"]
        # Not left to "auto", which takes the same: the note names them.
        options += ["--loop", "uvloop", "--ws", "websockets-sansio"]
        return [sys.executable, "-m", "uvicorn", *options, application]


class Elysia(Peer):
    """Elysia's `publish` on Bun; `stores`: each message by bun:sqlite, one commit each."""

    def __init__(self, directory: Path, *, stores: bool = False) -> None:
        name = "Elysia on Bun, bun:sqlite" if stores else "Elysia on Bun"
        super().__init__(name, _STORES if stores else _BROADCASTS, directory, stores=stores)

    @property
    def folder(self) -> Path:
        return _FOLDER / "elysia"

    def version(self) -> str:
        return pinned_versions(self.folder, ("bun", "elysia"))

    def install(self) -> None:
        install_packages(self.folder, self.name)

    def _environment(self) -> Mapping[str, str]:
        return {"NODE_ENV": "production"}

    def _command(self) -> Sequence[str]:
        # npm chose the package of this system. `bun` itself only has a link to it, made by a script that we do not run.
        for binary in self.folder.glob("node_modules/@oven/bun-*/bin/bun"):
            return [str(binary), "server.ts"]
        raise PeerUnavailable(f"{self.name}: npm has no Bun for this system ({sys.platform})")


class SocketIo(Peer):
    """Socket.IO on Node, over WebSockets only."""

    path = "/socket.io/?EIO=4&transport=websocket"
    # Its handshake: `0{...}` from the server, `40` asks for the namespace, `40{...}` grants it.
    opening = (Step(marker=b'0{"sid"'), Step("40", b'40{"sid"'))
    marker_typing = b'42["typing"'
    marker_message = b'42["new_message"'

    def __init__(self, directory: Path) -> None:
        super().__init__("Socket.IO on Node", _BROADCASTS, directory)

    @property
    def folder(self) -> Path:
        return _FOLDER / "socketio"

    def version(self) -> str:
        command = [find_program("node", self.name), "--version"]
        node = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        return f"Node {node.removeprefix('v')}, {pinned_versions(self.folder, ('socket.io', 'bufferutil'))}"

    def install(self) -> None:
        find_program("node", self.name)
        install_packages(self.folder, self.name)

    def wrap_request(self, text: str) -> str:
        request = json.loads(text)
        event = [request.pop("type"), request]
        return "42" + json.dumps(event, separators=(",", ":"), ensure_ascii=False)

    def _environment(self) -> Mapping[str, str]:
        return {"NODE_ENV": "production"}

    def _command(self) -> Sequence[str]:
        return [find_program("node", self.name), "server.js"]


def all_peers(directory: Path) -> list[Peer]:
    """Return the peers of the fan-out cases; none is installed or started yet."""
    return [
        Elysia(directory),
        Elysia(directory, stores=True),
        SocketIo(directory),
        StockChannels("daphne", "core", directory),
        StockChannels("daphne", "pubsub", directory),
        StockChannels("daphne", "memory", directory),
        StockChannels("uvicorn", "pubsub", directory),
    ]


def storing_peers(directory: Path) -> list[Peer]:
    """Return the peers that store and respond: of the case of stored and confirmed messages a second."""
    return [StockChannels("uvicorn", "memory", directory, stores=True), Elysia(directory, stores=True)]
