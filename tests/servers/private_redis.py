"""A Redis of the tests' own: no persistence, a free port, and it can be killed, frozen and started again."""

from pathlib import Path

from tests.servers.processes import ChildProcess, accepts_connections, find_binary, free_port

START_SECONDS = 10


class PrivateRedis(ChildProcess):
    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        super().__init__("redis-server", directory / "redis.log")
        self._binary = find_binary("redis-server", "redis-server")
        self._directory = directory
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, always at the same port: a restart must look to its clients like the same Redis coming back."""
        options = {"--port": str(self.port), "--bind": "127.0.0.1", "--save": "", "--appendonly": "no"}
        arguments = [part for option in options.items() for part in option]
        self.spawn([self._binary, *arguments, "--dir", str(self._directory)])
        self.wait_until(lambda: accepts_connections(self.port), START_SECONDS)
