"""One server process of Parley, as an operator starts it."""

import http.client
import os
import sys
from collections.abc import Mapping
from pathlib import Path

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
    """`kind` is the ASGI server: "uvicorn", as in production, or "daphne", as under `runserver`."""

    def __init__(self, kind: str, env: Mapping[str, str], log_path: Path) -> None:
        super().__init__(f"{kind} server", log_path)
        self.kind = kind
        self._env = env
        self.port = free_port()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def launch(self) -> None:
        """Start it without waiting, so that several start side by side."""
        if self.kind == "uvicorn":
            command = [sys.executable, "-m", "config.serve"]
        else:
            options = ["--bind", "127.0.0.1", "--port", str(self.port), "--verbosity", "0"]
            command = [sys.executable, "-m", "daphne", *options, "config.asgi:application"]
        self.spawn(command, {**self._env, "HOST": "127.0.0.1", "PORT": str(self.port)}, cwd=REPOSITORY)

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
