"""People for the tests, and what befalls them from outside the socket: a lost token, say."""

import itertools
import json
import os
import select
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.servers.fork_server import start
from tests.servers.processes import STOP_SECONDS

_RESPONSE_SECONDS = 120

# Tests run in several processes at once; names must differ between those too when they share a database.
_numbers = itertools.count(1)


class Person(NamedTuple):
    id: str
    username: str
    token: str

    @property
    def ref(self) -> dict[str, str]:
        """This person as the wire shows them."""
        return {"id": self.id, "username": self.username}


def unique(word: str) -> str:
    """Return a name that no other test has used: rooms and people are never shared between tests."""
    return f"{word}-{os.getpid()}-{next(_numbers)}"


class People:
    """Speaks to one `people_process`, which works on the servers' database."""

    def __init__(self, env: Mapping[str, str], log_path: Path) -> None:
        self._log = log_path.open("ab")
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        files = {"orders": theirs_in, "output": theirs_out, "errors": self._log.fileno()}
        self._process = start("tests.servers.people_process", [], env, **files)
        os.close(theirs_in)
        os.close(theirs_out)
        self._orders, self._responses = os.fdopen(ours_in, "w"), os.fdopen(ours_out)
        self._log_path = log_path
        self._is_ready = False

    def tell(self, command: str, **arguments: Any) -> Any:
        """Run one of people_commands's functions there and return what it returned."""
        if not self._is_ready:
            self._read_line("its start")
            self._is_ready = True
        self._orders.write(json.dumps([command, arguments]) + "\n")
        self._orders.flush()
        response = json.loads(self._read_line(command))
        if "error" in response:
            raise RuntimeError(f"{command}: {response['error']}")
        return response["result"]

    def create(self, *words: str) -> list[Person]:
        """Create people whose names begin with these words."""
        return [Person(**made) for made in self.tell("create", usernames=[unique(word) for word in words])]

    def sign_in(self, person: Person) -> str:
        return str(self.tell("sign_in", username=person.username))

    def deactivate(self, person: Person) -> None:
        self.tell("deactivate", username=person.username)

    def revoke_tokens(self, person: Person) -> None:
        self.tell("revoke_tokens", username=person.username)

    def messages(self, room: str) -> list[dict[str, Any]]:
        """Return a room's rows as they stand in the database."""
        return list(self.tell("messages", room=room))

    def bill(self, reply: str) -> list[dict[str, Any]]:
        """Return the lines of the bill for one reply."""
        return list(self.tell("bill", reply=reply))

    def notes(self, room: str) -> str:
        """Return Claude's notes on a room's earlier messages, as they are stored."""
        return str(self.tell("notes", room=room))

    def stop(self) -> None:
        self._orders.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
        self._responses.close()
        self._log.close()

    def _read_line(self, awaited: str) -> str:
        # A response is one line, so nothing of an earlier one waits in the buffer, where `select` would not see it.
        if not select.select([self._responses], [], [], _RESPONSE_SECONDS)[0]:
            what = f"the people process did not get done with {awaited} in {_RESPONSE_SECONDS} s"
        elif line := self._responses.readline():
            return line
        else:
            what = f"the people process ended at {awaited}"
        raise RuntimeError(f"{what}:\n{self._log_path.read_text()[-4000:]}")
