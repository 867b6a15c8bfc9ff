"""Child processes of the test commands: stopping the command stops them too, in good order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, Final

# pytest stops its servers meanwhile.
ENDING_SECONDS: Final = 120


@contextmanager
def child(
    command: list[str], *, seconds: float = ENDING_SECONDS, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a group of its own, and hand an interruption of ours on to all in it.

    pytest then has the time to stop the servers that it started, `seconds` at most: nothing else would stop them.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    except (KeyboardInterrupt, SystemExit):
        end(process, seconds)
        raise


def end(process: "subprocess.Popen[bytes]", seconds: float = ENDING_SECONDS) -> None:
    """Interrupt a command and all in its group; kill them when it has not ended so many seconds later."""
    for number in (signal.SIGINT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
        print(f"{process.args!r} has not ended {seconds:.0f} s after {number.name}", file=sys.stderr, flush=True)


def leave_in_order() -> None:
    """Let SIGTERM raise SystemExit: its default ends a process at once and leaves its children behind.

    And let SIGINT interrupt, also where a shell started us in the background and ignores it: children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
