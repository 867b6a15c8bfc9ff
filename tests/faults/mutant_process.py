"""A server process of the tests that may lack a defence."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.processes import REPOSITORY
from tests.servers.server_process import ServerProcess

# Several start at once, in the middle of a load.
START_SECONDS: Final = 120


class MutantProcess(ServerProcess):
    """`mutant`: a name of mutants.py; empty for Parley as it is."""

    def __init__(self, mutant: str, env: Mapping[str, str], log_path: Path) -> None:
        super().__init__("uvicorn", env, log_path)
        self._mutant = mutant

    def launch(self) -> None:
        if not self._mutant:
            super().launch()
            return
        command = [sys.executable, "-m", "tests.faults.mutant_server", self._mutant]
        self.spawn(command, {**self._env, "HOST": "127.0.0.1", "PORT": str(self.port)}, cwd=REPOSITORY)

    def wait_ready(self) -> None:
        self.wait_until(self._is_healthy, START_SECONDS)
