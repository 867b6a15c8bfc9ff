"""A running site with a network between it and everyone, people in it, and those who are to lose their access."""

import asyncio
import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

from fake_claude import FakeClaude, Normal
from tests.faults.history import Recorder
from tests.faults.listener import Listener
from tests.faults.mutant_process import MutantProcess
from tests.faults.proxy import Proxy, ProxyThread
from tests.faults.tab import Headers, Tab
from tests.faults.workload import EMOJI, Pace, Workload, Writer
from tests.servers.people import People, Person, unique
from tests.servers.private_postgres import PrivatePostgres
from tests.servers.private_redis import PrivateRedis
from tests.servers.server_process import ServerProcess, environment
from tests.servers.sessions import claude_settings
from tests.servers.sites import SETTINGS, UVICORN_SQLITE, Profile, Site, SiteBuilder
from tests.servers.socket_client import SocketClient
from tests.servers.tabs import bearer

ONE: Final = UVICORN_SQLITE
THREE: Final = Profile("uvicorn", "postgres", has_redis=True, processes=3)
PROFILES: Final = {"one": ONE, "three": THREE}
WORD_PAUSE_SECONDS: Final = 0.03
_TRIES: Final = 20
_RETRY_SECONDS: Final = 0.5

# As in production but for what would make a short run long: how often dead connections are looked for, and how much
# may be recovered, so that `reset` is met, too.
_SETTINGS: Final = {
    "HEARTBEAT_INTERVAL_SECONDS": "2",
    "HEARTBEAT_TIMEOUT_SECONDS": "2",
    "SSE_KEEPALIVE_SECONDS": "1",
    "HEAD_CHECK_SECONDS": "3",
    "PRESENCE_BEAT_SECONDS": "3",
    "PRESENCE_EXPIRY_SECONDS": "10",
    "ACCESS_CHECK_SECONDS": "30",
    "RECOVERY_ROWS": "200",
    "DRAIN_SECONDS": "2",
}


@dataclass
class Scene:
    site: Site
    recorder: Recorder
    seed: int
    random: Random
    clients: list[Proxy]  # one in front of each process
    redis_way: Proxy | None = None
    database_ways: list[Proxy] = field(default_factory=list)  # one from each process
    postgres: PrivatePostgres | None = None
    direct_env: dict[str, str] = field(default_factory=dict)
    workload: Workload = field(default_factory=Workload)
    pace: Pace = field(default_factory=Pace)
    admin_key: str = ""
    owner: Person | None = None
    rooms: list[str] = field(default_factory=list)  # the last one is a session
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def processes(self) -> list[ServerProcess]:
        return self.site.processes

    @property
    def redis(self) -> PrivateRedis:
        assert self.site.redis is not None
        return self.site.redis

    @property
    def addresses(self) -> list[str]:
        return [f"ws://127.0.0.1:{proxy.port}/ws" for proxy in self.clients]

    def tell(self, command: str, **arguments: Any) -> Any:
        """Run one of people_commands's functions. Blocks. Its process may have lost its database in a fault."""
        try:
            return self.site.people.tell(command, **arguments)
        except RuntimeError:
            self.site.people.stop()
            self.site.people = new_people(self)
            return self.site.people.tell(command, **arguments)

    def create(self, word: str) -> Person:
        """Create a person. Blocks."""
        (made,) = self.tell("create", usernames=[unique(word)])
        return Person(**made)

    async def ask_as_owner(self, process: ServerProcess, type_: str, **payload: Any) -> None:
        """Have the rooms' owner ask for something at a process, and ask again while it cannot be done."""
        async with await self.reader(process) as owners:
            for _try in range(_TRIES):
                response = await owners.ask(type_, **payload)
                if response["success"]:
                    return
                await asyncio.sleep(_RETRY_SECONDS)
        raise RuntimeError(f"{type_} was refused {_TRIES} times: {response}")

    async def reader(self, process: ServerProcess) -> SocketClient:
        """Return a socket of the rooms' owner, not through a proxy. A machine that is very busy may need a few tries."""
        assert self.owner is not None
        for _try in range(_TRIES):
            with contextlib.suppress(OSError, TimeoutError):
                return await SocketClient.open(process.socket_url, headers=bearer(self.owner))
            await asyncio.sleep(_RETRY_SECONDS)
        raise RuntimeError(f"{process.name} let no one in, {_TRIES} times")

    def new_tab(self, person: Person, number: int, headers: Headers, home: int) -> Tab:
        """Give a person another tab, which writes. It begins at the process with this number and knows the others."""
        name = f"{person.username}-{number}"
        tab = Tab(name, person.id, self._addresses_from(home), headers, self.rooms, self.recorder)
        *rooms, session = self.rooms
        emoji = EMOJI[(number - 1) % len(EMOJI)]
        self.workload.enter(tab, Writer(tab, emoji, rooms, session, self.seed, self.pace))
        return tab

    def new_listener(self, person: Person, room: str, headers: Headers, home: int) -> Listener:
        """Have a person listen to a room by server-sent events, beginning at the process with this number."""
        name = f"{person.username}-hears-{room}"
        listener = Listener(name, person.id, self._addresses_from(home), headers, room, self.recorder)
        self.workload.listen(listener)
        return listener

    def _addresses_from(self, home: int) -> list[str]:
        turns = range(len(self.addresses))
        return [self.addresses[(home + turn) % len(turns)] for turn in turns]


@contextlib.contextmanager
def running(builder: SiteBuilder, profile: Profile, directory: Path, seed: int, mutant: str = "") -> Iterator[Scene]:
    """Run a site behind proxies. `mutant`: which defence its processes lack (mutants.py)."""
    with contextlib.ExitStack() as stack:
        proxies = stack.enter_context(ProxyThread())
        fake = stack.enter_context(FakeClaude(default=Normal(pause_s=WORD_PAUSE_SECONDS)))
        settings = {**SETTINGS, **_SETTINGS, **claude_settings(fake), "MEDIA_ROOT": str(directory / "media")}
        site = Site(profile, [], None, {}, directory)  # type: ignore[arg-type]  # people come with the database
        scene = Scene(site, Recorder(directory / "history.jsonl"), seed, Random(seed), [])
        stack.callback(scene.recorder.close)
        direct = dict(settings)
        if profile.has_redis:
            scene.site.redis = builder.private_redis()
            stack.callback(scene.site.redis.stop)
            scene.redis_way = proxies.to(scene.redis.port, seed)
            direct |= {"REDIS_URL": scene.redis.url, "REDIS_PREFIX": "faults"}
            settings |= {**direct, "REDIS_URL": f"redis://127.0.0.1:{scene.redis_way.port}/0"}
        if profile.database == "postgres":
            scene.postgres, direct["DATABASE_URL"] = stack.enter_context(builder.private_postgres())
        else:
            direct["DATABASE_URL"] = settings["DATABASE_URL"] = builder.database_url(profile.database)
        scene.site.env, scene.direct_env = environment(settings), environment(direct)
        scene.site.people = new_people(scene)
        stack.callback(lambda: scene.site.people.stop())  # noqa: PLW0108 - by then it may be another
        for number in range(1, profile.processes + 1):
            if scene.postgres is not None:
                way = proxies.to(scene.postgres.port, seed + number)
                scene.database_ways.append(way)
                settings["DATABASE_URL"] = direct["DATABASE_URL"].replace(f":{scene.postgres.port}/", f":{way.port}/")
            process = MutantProcess(mutant, environment(settings), directory / f"server-{number}.log")
            scene.processes.append(process)
            stack.callback(process.stop)
            process.launch()
            scene.clients.append(proxies.to(process.port, seed + number))
        for started in scene.processes:
            started.wait_ready()
        yield scene


def new_people(scene: Scene) -> People:
    """Return someone who speaks to the database beside the servers, and not by way of the proxies."""
    return People(scene.direct_env, scene.site.directory / "people.log")
