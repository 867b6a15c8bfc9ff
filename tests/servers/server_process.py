"""One server process of Parley."""

import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.servers.fork_server import start
from tests.servers.processes import REPOSITORY, ChildProcess, free_port

START_SECONDS = 40

# What the machine's own environment must not decide.
OWN_SETTINGS = frozenset(
    {"TLS", "REDIS_URL", "DATABASE_URL", "ALLOWED_HOSTS", "SOCKET_ALLOWED_ORIGINS", "TRUSTED_PROXIES"}
)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process: this machine's, with exactly these settings."""
    inherited = {name: value for name, value in os.environ.items() if name not in OWN_SETTINGS}
    return {**inherited, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1", **settings}


class ServerProcess(ChildProcess):
    """`kind` is the ASGI server: "uvicorn", as in production, or "daphne", as under `runserver`.

    `forks`: it starts within a moment, and shares memory with others; else as an operator starts it.
    """

    def __init__(self, kind: str, env: Mapping[str, str], log_path: Path, *, forks: bool = True) -> None:
        super().__init__(f"{kind} server", log_path)
        self.kind = kind
        self._env = env
        self._forks = forks
        self.port = free_port()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def launch(self) -> None:
        """Start it without waiting, so that several start side by side."""
        module, *arguments = self.command()
        env = {**self._env, "HOST": "127.0.0.1", "PORT": str(self.port)}
        if not self._forks:
            self.spawn([sys.executable, "-m", module, *arguments], env, cwd=REPOSITORY)
            return
        with self.log_path.open("ab") as log:
            files = {"output": log.fileno(), "errors": log.fileno()}
            self._process = start(module, arguments, env, **files, last_signal=self.stop_signal)

    def command(self) -> list[str]:
        """Return the module to run, and its arguments."""
        if self.kind == "uvicorn":
            return ["config.serve"]
        options = ["--bind", "127.0.0.1", "--port", str(self.port), "--verbosity", "0"]
        return ["daphne", *options, "config.asgi:application"]

    def wait_ready(self) -> None:
        self.wait_until(self._is_healthy, START_SECONDS)

    def start(self) -> None:
        self.launch()
        self.wait_ready()

    def _is_healthy(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
