"""A PostgreSQL of the tests' own, in a temporary directory. It may lose everything, so it never waits for a disk."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from tests.servers.processes import ChildProcess, MissingBinary, free_port

DEBIAN_DIRECTORIES = Path("/usr/lib/postgresql")
START_SECONDS = 30
_INITDB_SECONDS = 120
SUPERUSER = "postgres"
FAST_SHUTDOWN = signal.SIGINT  # on SIGTERM it waits until the last client has gone


def find_binaries() -> Path:
    """Return a directory that holds both `initdb` and `postgres`.

    A link on the PATH may lead to another version than its neighbour, and a cluster made by one version is refused by
    another, so both are taken from one directory.
    """
    on_path = [Path(path).resolve().parent for path in [shutil.which("postgres"), shutil.which("initdb")] if path]
    debian = sorted(DEBIAN_DIRECTORIES.glob("*/bin"), key=lambda path: float(path.parent.name), reverse=True)
    for directory in [*on_path, *debian]:
        if (directory / "postgres").exists() and (directory / "initdb").exists():
            return directory
    raise MissingBinary(
        f"the tests need PostgreSQL's `initdb` and `postgres` on the PATH or in {DEBIAN_DIRECTORIES}/<version>/bin "
        "(Debian: apt install postgresql)"
    )


def _account() -> dict[str, Any]:
    """Return how to become someone else: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise MissingBinary("the tests run as root, PostgreSQL does not, and there is no account `postgres` or `nobody`")


class PrivatePostgres(ChildProcess):
    def __init__(self, template: Path | None = None) -> None:
        """`template`: the files of a stopped server, which it starts with a copy of instead of making its own."""
        # Not below pytest's directory: only its owner may enter that, and the path of a unix socket must be short.
        self._directory = Path(tempfile.mkdtemp(prefix="parley-pg-"))
        super().__init__("postgres", self._directory / "postgres.log", FAST_SHUTDOWN)
        self._binaries = find_binaries()
        self._account = _account()
        self._databases = 0
        self._template = template
        self.data = self._directory / "data"
        self.port = free_port()
        if self._account:
            os.chown(self._directory, self._account["user"], self._account["group"])

    def start(self, **more: str) -> None:
        """`more`: further settings of the server."""
        if not self.data.exists():
            self._make() if self._template is None else self._copy(self._template)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self._directory),
            "max_connections": "300",
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            **more,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self.data), *options]
        self.spawn(command, cwd=self._directory, **self._account)
        self.wait_until(self._responds, START_SECONDS)

    def url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str = "", template: str = "template1") -> str:
        """Create a database and return its name. Copying a migrated template is much faster than migrating."""
        self._databases += 1
        name = name or f"parley_{self._databases}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            connection.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        return name

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _responds(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _make(self) -> None:
        ways = ["-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N", "--wal-segsize=1"]
        made = subprocess.run(
            [str(self._binaries / "initdb"), "-D", str(self.data), *ways],
            capture_output=True,
            cwd=self._directory,
            timeout=_INITDB_SECONDS,
            **self._account,
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed:\n{made.stderr.decode()}")

    def _copy(self, template: Path) -> None:
        shutil.copytree(template, self.data)
        if self._account:
            for path in (self.data, *self.data.rglob("*")):
                os.chown(path, self._account["user"], self._account["group"])
