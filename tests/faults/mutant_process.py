"""A server process of the tests that may lack a defence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.server_process import ServerProcess

# Several start at once, in the middle of a load.
START_SECONDS: Final = 120


class MutantProcess(ServerProcess):
    """`mutant`: a name of mutants.py; empty for Parley as it is."""

    def __init__(self, mutant: str, env: Mapping[str, str], log_path: Path) -> None:
        super().__init__("uvicorn", env, log_path)
        self._mutant = mutant

    def command(self) -> list[str]:
        return ["tests.faults.mutant_server", self._mutant] if self._mutant else super().command()

    def wait_ready(self) -> None:
        self.wait_until(self._is_healthy, START_SECONDS)
