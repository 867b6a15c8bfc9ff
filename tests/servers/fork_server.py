"""Starts processes of Parley by forking one that has imported it: importing takes a second of processor time.

`python -m tests.servers.fork_server` reads orders from the socket on file descriptor 0. Each child gets the order's
environment and nothing of the server's: it reads the settings again and tells their listeners. What begins with the
interpreter (`make run`, signals at the start) is tested with processes of its own, in tests/project.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from tests.servers.processes import REPOSITORY, Running, end_with_parent

_ORDER_BYTES: Final = 1 << 20
_START_SECONDS: Final = 60
_STANDARD: Final = (1, 2, 0)  # as an order's files come: output, errors, and perhaps what it reads
# Imported where nothing is configured yet that a child has another value of: no URLs, whose views have caches and forms.
_PROGRAM: Final = ("chat.server.process", "chat.server.sse", "chat.routing", "uvicorn", "redis.asyncio", "anthropic")


class Forked:
    """A process that the fork server started: the part of `subprocess.Popen` that tests use."""

    def __init__(self, server: "ForkServer", pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._server = server
        self._lock = threading.Lock()
        # Its process id is its own until the server has been told to wait for it.
        self._ended = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        ends = select.poll()  # `select` takes no file above 1,023, and tests open thousands
        ends.register(self._ended, select.POLLIN)
        with self._lock:
            if self.returncode is None and ends.poll(None if timeout is None else timeout * 1000):
                self.returncode = self._server.reap(self.pid)
                os.close(self._ended)
        return self.returncode


class _Order(NamedTuple):
    module: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    last_signal: int


class ForkServer:
    """The process that forks, as the tests see it."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.settimeout(_START_SECONDS)
        self._turn = threading.Lock()
        with theirs:
            command = [sys.executable, "-m", "tests.servers.fork_server"]
            self._process = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                env=dict(env),
                cwd=REPOSITORY,
                preexec_fn=end_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one call that takes no lock
            )

    def start(self, order: _Order, files: Sequence[int]) -> Forked:
        return Forked(self, self._ask({"start": order._asdict()}, files))

    def reap(self, pid: int) -> int:
        """Return the exit code of a child that has ended."""
        return self._ask({"reap": pid})

    def end(self) -> None:
        """End it, and with it all that it has started."""
        self._link.close()
        self._process.wait(_START_SECONDS)

    def _ask(self, order: dict[str, Any], files: Sequence[int] = ()) -> int:
        with self._turn:
            socket.send_fds(self._link, [json.dumps(order).encode()], files)
            response = self._link.recv(_ORDER_BYTES)
        if not response:
            raise RuntimeError(f"the fork server ended with {self._process.wait(_START_SECONDS)}")
        return int(response)


def start(
    module: str,
    arguments: Sequence[str],
    env: Mapping[str, str],
    *,
    output: int,
    errors: int,
    orders: int | None = None,
    last_signal: int = signal.SIGTERM,
) -> Running:
    """Run `python -m module` with this whole environment.

    output, errors, orders: files for its standard output, error and input. last_signal: what it gets when the process of
    the tests has ended.
    """
    if sys.platform != "linux":
        command = [sys.executable, "-m", module, *arguments]
        reads = subprocess.DEVNULL if orders is None else orders
        return subprocess.Popen(command, env=env, cwd=REPOSITORY, stdin=reads, stdout=output, stderr=errors)
    order = _Order(module, arguments, env, last_signal)
    return _fork_server().start(order, [output, errors] if orders is None else [output, errors, orders])


@cache
def _fork_server() -> ForkServer:
    some = {"DJANGO_SETTINGS_MODULE": "config.settings", "DEBUG": "1", "DATABASE_URL": "sqlite://:memory:"}
    server = ForkServer({**os.environ, "ENV_FILE": os.devnull, **some})
    atexit.register(server.end)
    return server


def serve() -> _Order | None:
    """Fork until the link ends. Return the order in each child, None in the server."""
    link = socket.socket(fileno=os.dup(0))
    while True:
        text, files, _flags, _address = socket.recv_fds(link, _ORDER_BYTES, len(_STANDARD))
        if not text:
            return None
        asked = json.loads(text)
        if "reap" in asked:
            response = os.waitstatus_to_exitcode(os.waitpid(asked["reap"], 0)[1])
        elif response := os.fork():
            for file in files:
                os.close(file)
        else:
            link.close()
            if len(files) < len(_STANDARD):
                files.append(os.open(os.devnull, os.O_RDONLY))
            for number, file in zip(_STANDARD, files, strict=True):
                os.dup2(file, number)
                os.close(file)
            return _Order(**asked["start"])
        link.send(b"%d" % response)


def become(order: _Order) -> None:
    """Be `python -m module` with this environment."""
    if (ends := end_with_parent(signal.Signals(order.last_signal))) is not None:
        ends()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(order.env)
    _read_settings_again()
    sys.argv[1:] = order.arguments
    runpy.run_module(order.module, run_name="__main__", alter_sys=True)


def _read_settings_again() -> None:
    from django.conf import settings
    from django.db import connections
    from django.db.utils import ConnectionHandler
    from django.test.signals import setting_changed  # from there: with it come Django's own listeners
    from django.utils.functional import empty

    before = _all_settings(settings)
    del sys.modules["config.settings"]
    settings._wrapped = empty
    after = _all_settings(settings)
    # For which there is no listener.
    vars(connections).clear()
    vars(connections).update(vars(ConnectionHandler()))
    for name in (before.keys() | after.keys()) - {"DATABASES"}:
        if before.get(name) != after.get(name):
            setting_changed.send(ForkServer, setting=name, value=after.get(name), enter=True)


def _all_settings(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in dir(settings) if name.isupper()}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the tests, which end the servers
    import django

    django.setup()
    for module in _PROGRAM:
        importlib.import_module(module)
    gc.freeze()  # a child's collections must not touch, and so copy, what it shares
    order = serve()
    if order is not None:
        become(order)


if __name__ == "__main__":
    main()
