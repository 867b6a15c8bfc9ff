"""One run from beginning to end: people come, faults happen one by one, all calm down, and what was seen is written down."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.faults.history import Fresh, History, Memory, Row, RunBegan, Stored, read
from tests.faults.nemesis import Fault, inflict
from tests.faults.scene import Scene, running
from tests.faults.tab import Headers
from tests.faults.workload import Pace
from tests.servers.people import Person, unique
from tests.servers.sessions import ENDS
from tests.servers.sites import Profile, SiteBuilder
from tests.servers.tabs import bearer

WARM_UP_SECONDS: Final = 1.5
CALM_SECONDS: Final = 60.0  # on a busy machine; it ends as soon as all is calm
MEMORY_SECONDS: Final = 0.5
PAGE: Final = 200


@dataclass(frozen=True)
class Plan:
    """`faults` happen in their order, `rest_seconds` apart. `wanted`: those without which the run proves nothing."""

    profile: Profile
    faults: Iterable[type[Fault]]
    wanted: Iterable[type[Fault]]
    seed: int = 1
    people: int = 3
    tabs: int = 2
    pace: Pace = field(default_factory=Pace)
    rest_seconds: float = 0.7
    mutant: str = ""


def play(builder: SiteBuilder, plan: Plan, directory: Path) -> History:
    """Run a plan and return what happened. The history stays in `directory`, with the servers' logs."""
    directory.mkdir(parents=True, exist_ok=True)
    with running(builder, plan.profile, directory, plan.seed, plan.mutant) as scene:
        scene.pace = plan.pace
        asyncio.run(_play(scene, plan))
    return History(read(scene.recorder.path))


async def _play(scene: Scene, plan: Plan) -> None:
    workers = _make_people(scene, plan.people)
    reader = scene.create("reader")
    await _make_rooms(scene, [*workers, reader])
    listeners = [scene.new_listener(reader, room, _by_token(reader), home) for home, room in enumerate(scene.rooms)]
    wanted = sorted({fault.name for fault in plan.wanted})
    names = [listener.name for listener in listeners]
    scene.recorder.add(RunBegan, profile=str(plan.profile), seed=plan.seed, faults=wanted, listeners=names)
    watching = asyncio.create_task(_watch_memory(scene))
    try:
        tabs = [(person, number) for person in workers for number in range(1, plan.tabs + 1)]
        for home, (person, number) in enumerate(tabs):
            scene.new_tab(person, number, _by_token(person), home)
        await scene.workload.until_ready()
        await asyncio.sleep(WARM_UP_SECONDS)
        for fault in plan.faults:
            await inflict(scene, fault())
            await asyncio.sleep(plan.rest_seconds)
            scene.workload.raise_failures()
        await scene.workload.stop_writing(CALM_SECONDS)
        await _calm_down(scene)
        await _write_down(scene)
    finally:
        watching.cancel()
        await scene.workload.close()


# --- Before


def _make_people(scene: Scene, count: int) -> list[Person]:
    """Create the administrator and those who work; the first of them owns the rooms."""
    admin = scene.create("root")
    scene.tell("make_admin", username=admin.username)
    scene.admin_key = scene.tell("sign_in", username=admin.username)
    workers = [scene.create(word) for word in ("alice", "bob", "carol", "dave", "erin", "frank")[:count]]
    scene.owner = workers[0]
    return workers


async def _make_rooms(scene: Scene, members: list[Person]) -> None:
    names = [person.username for person in members[1:]]
    for kind in ("closed", "open", "session"):
        slug = unique(kind)
        await scene.ask_as_owner(scene.processes[0], "create_room", room=slug, name=slug, kind=kind, members=names)
        scene.rooms.append(slug)


def _by_token(person: Person) -> Headers:
    return lambda _origin: bearer(person)


async def _watch_memory(scene: Scene) -> None:
    while True:
        for number, process in enumerate(scene.processes, 1):
            if process.is_running:
                try:
                    scene.recorder.add(Memory, process=f"server-{number}", bytes=process.memory_bytes())
                except (RuntimeError, OSError):
                    continue  # it has ended between the two looks
        await asyncio.sleep(MEMORY_SECONDS)


# --- Afterwards


async def _calm_down(scene: Scene) -> None:
    """Wait until all replies have ended and all tabs know everything, but not longer than they may need."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + CALM_SECONDS
    heads: dict[str, int] = {}
    while loop.time() < give_up:
        fresh = {room: await _read_room(scene, room) for room in scene.rooms}
        heads = {room: max((row.change for row in rows), default=0) for room, rows in fresh.items()}
        if all(row.reply in ("", *ENDS) for rows in fresh.values() for row in rows):
            break
        await asyncio.sleep(0.3)
    await scene.workload.until_at(heads, give_up - loop.time())


async def _write_down(scene: Scene) -> None:
    stored = await asyncio.to_thread(_stored, scene)  # blocks for long; the tabs must go on replying to pings
    for room, rows in stored.items():
        scene.recorder.add(Stored, room=room, rows=rows)
    for room in scene.rooms:
        scene.recorder.add(Fresh, room=room, rows=await _read_room(scene, room))


def _stored(scene: Scene) -> dict[str, list[Row]]:
    """Return each room's rows in the database, read beside the servers."""
    return {room: [_row_of(row) for row in scene.tell("messages", room=room)] for room in scene.rooms}


def _row_of(row: dict[str, Any]) -> Row:
    facts = {name: row[name] for name in ("seq", "change", "kind", "content")}
    return Row(id=str(row["id"]), client_id=row["client_id"] or "", **facts)


async def _read_room(scene: Scene, room: str) -> list[Row]:
    """Return all of a room's rows as someone reads them who scrolls up to its beginning."""
    rows: list[Row] = []
    async with await scene.reader(scene.processes[0]) as reader:
        before: dict[str, int] = {}
        while True:
            page = await reader.request("get_messages", room=room, limit=PAGE, **before)
            found = [Row.of(message) for message in page["messages"]]
            rows = [*found, *rows]
            if not page["hasMore"]:
                return rows
            before = {"before": found[0].seq}
