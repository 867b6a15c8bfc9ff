"""Migrated, empty databases: made once for all processes of a test run, and copied from then on.

A migration takes seconds of processor time, and so does a new PostgreSQL; a copy takes a moment.
"""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.servers.private_postgres import PrivatePostgres
from tests.servers.processes import REPOSITORY
from tests.servers.server_process import environment

POSTGRES_DATABASE: Final = "parley_template"
_MIGRATE_SECONDS: Final = 120


class Templates:
    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        """`directory`: where all processes of this run look. `settings`: with which to migrate."""
        self._directory = directory
        self._settings = settings

    def sqlite(self) -> Path:
        """Return a database file."""
        return self._once("template.sqlite3", lambda path: self._migrate(f"sqlite:///{path}"))

    def postgres(self) -> Path:
        """Return the files of a server that is stopped, with a database of the name POSTGRES_DATABASE."""
        return self._once("template-postgres", self._make_postgres)

    def _make_postgres(self, path: Path) -> None:
        postgres = PrivatePostgres()
        try:
            postgres.start()
            self._migrate(postgres.url(postgres.create_database(POSTGRES_DATABASE)))
            postgres.stop()
            shutil.copytree(postgres.data, path)
        finally:
            postgres.remove()

    def _once(self, name: str, make: Callable[[Path], None]) -> Path:
        path = self._directory / name
        with (self._directory / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = path.with_name(f"unfinished-{name}")
                make(unfinished)
                unfinished.rename(path)
        return path

    def _migrate(self, database_url: str) -> None:
        env = environment({**self._settings, "DATABASE_URL": database_url})
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        done = subprocess.run(
            command, env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=_MIGRATE_SECONDS
        )
        if done.returncode != 0:
            raise RuntimeError(f"migrate failed:\n{done.stdout}{done.stderr}")
