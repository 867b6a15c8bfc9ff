"""The worked examples of docs/scaling.md: `python -m bench.simulation.examples` prints the table that stands there."""

from collections.abc import Mapping
from typing import Final

from bench.simulation.arithmetic import Load, changes_per_second, kinds, predict, whole_bytes

# Microseconds of a core, as bench.simulation.costs measured them on the machine of docs/performance.md, rounded up.
REDIS_PUBLISH: Final = 2.0
REDIS_DELIVERY: Final = 1.3
HEARING: Final = 50.0
PUBLISHING: Final = 200.0
# Bytes of memory for an entry of another process's presence.
ENTRY_MEMORY: Final = 860
_MILLION: Final = 1e6


def _site(people: int, processes: int) -> Load:
    """A busy hour: one message a person and minute, one person in a hundred waiting for Claude."""
    return Load(
        processes=processes, people=people, rooms_per_person=20, people_per_room=20, messages_per_person_minute=1,
        replies=people // 100, reply_seconds=20, tab_seconds=1200,
    )  # fmt: skip


EXAMPLES: Final[Mapping[str, Load]] = {
    "1,000 online": _site(1_000, 2),
    "10,000 online": _site(10_000, 12),
    "100,000 online": _site(100_000, 100),
}


def _column(load: Load) -> dict[str, str]:
    by_kind, figures = kinds(load), predict(load)
    publishes, deliveries = figures["publishes/s"], figures["deliveries by Redis/s"]
    heard = deliveries / load.processes
    changes, _entries = changes_per_second(load)
    presence = by_kind["beats"].per_second + changes
    others_entries = 2 * load.tabs
    work = (heard * HEARING + publishes / load.processes * PUBLISHING) / _MILLION
    return {
        "processes": f"{load.processes}",
        "messages stored/s": f"{by_kind['messages'].per_second:,.0f}",
        "deltas of Claude/s": f"{by_kind['deltas'].per_second:,.0f}",
        "processes that hear a room's event": f"{by_kind['messages'].reached:.1f}",
        "... of them with the room open": f"{figures['... of them with the room open']:.1f}",
        "PUBLISH/s": f"{publishes:,.0f}",
        "deliveries by Redis/s": f"{deliveries:,.0f}",
        "bytes out of Redis, MB/s": f"{figures['bytes out of Redis/s'] / _MILLION:,.1f}",
        "Redis, share of one core": f"{(publishes * REDIS_PUBLISH + deliveries * REDIS_DELIVERY) / _MILLION:.1%}",
        "a process hears, messages/s": f"{heard:,.0f}",
        "... of them presence": f"{presence:,.0f}",
        "a process's core, for the layer alone": f"{work:.0%}",
        "presence in each process, MB": f"{others_entries * ENTRY_MEMORY / _MILLION:,.0f}",
        "one process's presence, KB on the wire": f"{whole_bytes(load) / 1000:,.0f}",
        "head checks/s, rooms in each": f"{figures['head checks/s']:,.1f}, {figures['rooms in a head check']:,.0f}",
        "connections to PostgreSQL, at most": f"{load.processes * 10:,}",
    }


def worked_examples(examples: Mapping[str, Load]) -> str:
    """Return the table in Markdown."""
    columns = {name: _column(load) for name, load in examples.items()}
    lines = [f"| | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    first = next(iter(columns.values()))
    lines += [f"| {what} | {' | '.join(column[what] for column in columns.values())} |" for what in first]
    return "\n".join(lines)


if __name__ == "__main__":
    print(worked_examples(EXAMPLES))
