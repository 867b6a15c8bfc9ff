"""Child processes of the tests: found, started, watched and stopped by process id, never by name."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

REPOSITORY = Path(__file__).resolve().parents[2]
STOP_SECONDS = 15
_PR_SET_PDEATHSIG = 1


class MissingBinary(RuntimeError):
    """A program that the tests need is not installed. Raised, never skipped: a skipped test looks like a passed one."""


def find_binary(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise MissingBinary(f"the tests need `{name}` on the PATH (Debian: apt install {package})")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what makes a child hear this signal when its parent is killed; None where the system cannot do it.

    A pytest worker that is killed runs no clean-up, and its servers would run forever.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: in the child, between fork and exec, little is allowed
    return lambda: prctl(_PR_SET_PDEATHSIG, int(number))


class Running(Protocol):
    """What the tests use of `subprocess.Popen`."""

    pid: int
    returncode: Any  # None while it runs

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def kill(self) -> None: ...


class ChildProcess:
    """One child, its log file and its end."""

    def __init__(self, name: str, log_path: Path, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        self.name = name
        self.log_path = log_path
        self.stop_signal = stop_signal
        self._process: Running | None = None

    def spawn(self, command: Sequence[str], env: Mapping[str, str] | None = None, **options: Any) -> None:
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=end_with_parent(self.stop_signal),  # noqa: PLW1509 - one call that takes no lock
                **options,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def wait_until(self, is_ready: Callable[[], bool], seconds: float) -> None:
        """Return when the child responds; raise with its log when it ends or takes too long."""
        until = time.monotonic() + seconds
        while not is_ready():
            if not self.is_running:
                raise RuntimeError(f"{self.name} ended at its start:\n{self.log_text()[-4000:]}")
            if time.monotonic() > until:
                self.kill()
                raise RuntimeError(f"{self.name} did not respond in {seconds} s:\n{self.log_text()[-4000:]}")
            time.sleep(0.03)

    def send_signal(self, number: signal.Signals) -> None:
        if self.is_running:
            os.kill(self.pid, number)

    def freeze(self) -> None:
        self.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a crash does: no goodbye."""
        self.send_signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """Ask it to end, and insist when it does not."""
        self.thaw()
        self.send_signal(self.stop_signal)
        if self._process is not None:
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended on its own. Raises TimeoutExpired."""
        if self._process is not None:
            self._process.wait(seconds)

    def log_size(self) -> int:
        return self.log_path.stat().st_size if self.log_path.exists() else 0

    def log_text(self, since: int = 0) -> str:
        """Return what was logged after a `log_size()`."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def memory_bytes(self) -> int:
        """Return the resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise RuntimeError(f"{self.name} has no resident memory: it has ended")


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
