"""Where the server's time goes while it delivers: `python -m bench.profile`, which writes its table into the page.

py-spy looks at the running server some hundred times a second, through Python into C. A sample belongs to the innermost
of its functions that a step below names; who waits (for a socket, a lock, work) is not counted.
"""

import os
import re
import subprocess
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from bench import machine, report
from bench.cases import fanout
from bench.cases.fanout import Contender
from bench.peers.floor import floors
from bench.places import filled
from bench.plan import Bench, prepared

KINDS: Final = ("typing", "messages")
WINDOWS: Final = (1, 16)
_SAMPLES_PER_SECOND: Final = 300
_SECONDS: Final = 4.0
_MICROSECONDS: Final = 1e6
_WAITING: Final = re.compile(
    r"epoll_p?wait|clock_nanosleep|PyThread_acquire_lock|pthread_cond_|sem_|_worker \(|take_gil"
)
_NAMELESS_AT_MOST: Final = 2  # the C library's own functions, within the one by whose name waiting is known
STEPS: Final = {
    "the system's write": re.compile(r"write \(libc|send \(libc"),
    "the loop's `transport.write`": re.compile(r"UVStream|uv_try_write|TransportWriter\.write "),
    "making the frame": re.compile(
        r"(event|encode|respond|response|with_request_id|to_json|now_ms|ephemeral|durable|_payload_of|Payload\.\w+|"
        r"joined\S*) \("
    ),
    "queueing": re.compile(r"\S+ \(chat/realtime/delivery/(outbox|direct_outbox|burst|feed|connection)\.py"),
    "publishing": re.compile(
        r"\S+ \(chat/realtime/(hub|layer/publishing|layer/sender|delivery/watchers)\.py|Writer\._publish "
    ),
    "reading the sender's frame": re.compile(
        r"read \(libc|\S*(data_received|receive_data|handle_events|send_receive_event_to_app|SansIOProtocol\.receive) |"
        r"\S+ \(chat/server/transport/(uvicorn_protocol|text_frames)\.py|ChatConsumer\._read "
    ),
    "checking it: form, rate, rights": re.compile(
        r"\S+ \(chat/(server/|protocol/|access|limits/|markdown/content|files/attachments)"
    ),
    "storing, and asking the database": re.compile(
        r"\S+ \((chat/(messages|rooms|search|billing|models)/|chat/realtime/database|django/db/)|thread .*writer"
    ),
}
OTHER: Final = "all else: the loop itself, what runs now and then"


def shares(samples: Iterable[str]) -> dict[str, float]:
    """Return each step's part of the time, of py-spy's raw lines: functions from the outermost, then how often."""
    found: Counter[str] = Counter()
    for line in samples:
        stack, _, times = line.rpartition(" ")
        functions = stack.split(";")[::-1]
        if not any(_WAITING.match(function) for function in functions[: _NAMELESS_AT_MOST + 1]):
            found[_step(functions)] += int(times)
    return {step: found[step] / max(1, found.total()) for step in (*STEPS, OTHER)}


def _step(functions: Iterable[str]) -> str:
    for function in functions:
        for step, names in STEPS.items():
            if names.match(function):
                return step
    return OTHER


def table(
    taken: Mapping[tuple[str, int], Mapping[str, float]], costs: Mapping[str, Mapping[tuple[str, int], float]]
) -> str:
    """Return the steps' parts, then what a delivery costs each server in all, in microseconds."""
    loads = list(taken)
    lines = [["", *(f"{kind}, W = {window}" for kind, window in loads)], ["---"] * (len(loads) + 1)]
    lines += [[step, *(f"{taken[load][step]:.0%}" for load in loads)] for step in (*STEPS, OTHER)]
    lines += [[f"{name}, µs a delivery", *(f"{cost[load]:.1f}" for load in loads)] for name, cost in costs.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _samples(bench: Bench, server: Contender, kind: str, window: int) -> list[str]:
    path = bench.directory / "samples"
    program = Path(sysconfig.get_path("scripts")) / "py-spy"
    command = [str(program), "record", "--native", "--threads", "--format", "raw", "--output", str(path)]
    command += ["--pid", str(server.pid), "--rate", str(_SAMPLES_PER_SECOND), "--duration", f"{bench.seconds:.0f}"]
    spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    while spy.poll() is None:  # it takes its own time to start, and must not look at a server that has nothing to do
        server.measure(kind, window, bench.seconds / 4)
    _, said = spy.communicate()
    if spy.returncode != 0:
        sys.exit(f"py-spy could not look at the server (it needs the right to trace a process of yours):\n{said}")
    return path.read_text().splitlines()


def _cost(server: Contender, kind: str, window: int, seconds: float) -> float:
    """Return the server's microseconds of processor time for each delivery."""
    before = machine.cpu_seconds(server.pid)
    outcome = server.measure(kind, window, seconds)
    used = machine.cpu_seconds(server.pid) - before
    # The load warms up before it counts: what was used belongs to both times.
    return used / (outcome.received_per_second * (outcome.seconds + fanout.WARM_UP_SECONDS)) * _MICROSECONDS


def main() -> None:
    os.sched_setaffinity(0, {machine.LOAD_CORE})
    loads = [(kind, window) for kind in KINDS for window in WINDOWS]
    with prepared(rounds=1, seconds=_SECONDS, is_quick=False) as bench, ExitStack() as stack:
        ours = stack.enter_context(fanout.parley_contender(bench))
        servers = [ours, *(stack.enter_context(fanout.peer_contender(peer)) for peer in floors(bench.directory))]
        costs = {server.name: {load: _cost(server, *load, bench.seconds / 2) for load in loads} for server in servers}
        taken = {load: shares(_samples(bench, ours, *load)) for load in loads}
    body = table(taken, costs)
    print(body)
    page = report.REPOSITORY / report.PAGE
    page.write_text(filled(page.read_text(), "profile", body))


if __name__ == "__main__":
    main()
