"""Puts a database back as an administrator would: by its own means, under a running server or a stopped one."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol

import psycopg
from psycopg import sql

from tests.servers.private_postgres import PrivatePostgres
from tests.servers.sites import Site

_SCHEME: Final = "sqlite:///"


class Backup(Protocol):
    def make(self) -> None: ...
    def put_back(self) -> None: ...


class SqliteBackup:
    def __init__(self, site: Site) -> None:
        self._live = Path(site.env["DATABASE_URL"].removeprefix(_SCHEME))
        self._kept = self._live.with_suffix(".backup")

    def make(self) -> None:
        _copy(self._live, self._kept)

    def put_back(self) -> None:
        _copy(self._kept, self._live)


class PostgresBackup:
    def __init__(self, site: Site, postgres: PrivatePostgres) -> None:
        self._live = site.env["DATABASE_URL"].rpartition("/")[2]
        self._kept = f"{self._live}_backup"
        self._url = postgres.url("postgres")

    def make(self) -> None:
        self._replace(self._kept, self._live)

    def put_back(self) -> None:
        self._replace(self._live, self._kept)

    def _replace(self, target: str, source: str) -> None:
        """Make one database a copy of the other. Both are closed to others for that moment."""
        with psycopg.connect(self._url, autocommit=True) as connection:
            for name in (self._live, self._kept):
                connection.execute("UPDATE pg_database SET datallowconn = false WHERE datname = %s", [name])
                connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            time.sleep(0.1)
            names = {"target": sql.Identifier(target), "source": sql.Identifier(source)}
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {target} WITH (FORCE)").format(**names))
            connection.execute(sql.SQL("CREATE DATABASE {target} TEMPLATE {source}").format(**names))
            connection.execute("UPDATE pg_database SET datallowconn = true WHERE datname IN (%s, %s)", [target, source])


class FilesBackup:
    """The directory of uploads, with all that lies in it."""

    def __init__(self, site: Site) -> None:
        self._live = Path(site.env["MEDIA_ROOT"])
        self._kept = self._live.with_name("media-backup")

    def make(self) -> None:
        self._live.mkdir(exist_ok=True)
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._live, self._kept)

    def put_back(self) -> None:
        shutil.rmtree(self._live)
        shutil.copytree(self._kept, self._live)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source, timeout=10)) as one, closing(sqlite3.connect(target, timeout=10)) as other:
        one.backup(other)
