"""Child processes of the test commands: whoever stops the command stops them too, in good order."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any


@contextmanager
def child(command: list[str], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a group of its own, and hand an interruption of ours on to all in it.

    pytest then has the time to stop the servers that it started: nobody else would.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    except (KeyboardInterrupt, SystemExit):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        process.wait()
        raise


def leave_in_order() -> None:
    """Let SIGTERM raise SystemExit: its default ends a process at once and leaves its children behind.

    And let SIGINT interrupt, also where a shell started us in the background and ignores it: children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
