"""The far side of `People`: a process beside the servers, on their database, that takes one JSON command a line.

What it changes reaches the servers as a change by the admin's or another program's process would.
"""

import json
import os
import sys

import django


def main() -> None:
    responses = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # nothing that prints may break the line protocol
    django.setup()
    from tests.servers.people_commands import COMMANDS

    responses.write("ready\n")
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            response = {"result": COMMANDS[name](**arguments)}
        except Exception as error:  # noqa: BLE001 - whatever it is, the test shall see it
            response = {"error": f"{type(error).__name__}: {error}"}
        responses.write(json.dumps(response) + "\n")


if __name__ == "__main__":
    main()
