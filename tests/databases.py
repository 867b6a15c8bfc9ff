"""Runs a command against a private PostgreSQL: `python -m tests.databases -- COMMAND ...`.

The command sees DATABASE_URL and TEST_DATABASE=postgres; the server and its files are gone afterwards, however it ends.
"""

import os
import signal
import sys
from typing import Final

from tests.children import ENDING_SECONDS, child, leave_in_order
from tests.servers.private_postgres import PrivatePostgres
from tests.servers.processes import MissingBinary

# Shorter than the time that its caller gives it: the database has to be stopped afterwards.
_ENDING_SECONDS: Final = ENDING_SECONDS / 2


def run(command: list[str]) -> int:
    server = PrivatePostgres()
    try:
        # In the middle of a test's transaction it would find thousands of rows that don't count yet, and note that the table
        # is empty: what takes milliseconds was then planned to take minutes.
        server.start(autovacuum="off")
        environment = os.environ | {"DATABASE_URL": server.url("postgres"), "TEST_DATABASE": "postgres"}
        with child(command, seconds=_ENDING_SECONDS, env=environment) as process:
            return process.wait(timeout=None)  # as long as the command likes: tests.run watches it
    finally:
        server.remove()


def main(arguments: list[str]) -> int:
    command = arguments[1:] if arguments[:1] == ["--"] else arguments
    if not command:
        print("Usage: python -m tests.databases -- COMMAND ...", file=sys.stderr)
        return 2
    leave_in_order()
    try:
        return run(command)
    except MissingBinary as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
