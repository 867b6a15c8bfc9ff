"""Whole installations: some server processes, a database, perhaps Redis, and people.

A profile says which parts; a site is a running one. `SiteBuilder` keeps what is slow to start.
"""

import itertools
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final, NamedTuple

from tests.servers.fork_server import start
from tests.servers.people import People
from tests.servers.private_postgres import PrivatePostgres
from tests.servers.private_redis import PrivateRedis
from tests.servers.server_process import ServerProcess, environment
from tests.servers.templates import POSTGRES_DATABASE, Templates

_COMMAND_SECONDS: Final = 60


class Profile(NamedTuple):
    server: str
    database: str
    has_redis: bool
    processes: int = 1

    def __str__(self) -> str:
        layer = "redis" if self.has_redis else "memory"
        return f"{self.processes}x-{self.server}-{self.database}-{layer}"


UVICORN_SQLITE = Profile("uvicorn", "sqlite", has_redis=False)
UVICORN_POSTGRES = Profile("uvicorn", "postgres", has_redis=True)
DAPHNE_SQLITE = Profile("daphne", "sqlite", has_redis=False)
DAPHNE_POSTGRES = Profile("daphne", "postgres", has_redis=True)
CLUSTER = Profile("uvicorn", "postgres", has_redis=True, processes=2)
# Each server, database and channel layer, alone and as one of several: what all of them must do alike.
EACH_PART = (UVICORN_SQLITE, DAPHNE_POSTGRES, CLUSTER)
# For what ends at the server or the decoder: each server, database and channel layer once.
EACH_SERVER = (UVICORN_POSTGRES, DAPHNE_SQLITE)

# Many tests share one site and one address, so the limits are off; the tests of the limits start sites of their own.
# Recovery and presence give up early, so that no test has to wait for them.
SETTINGS = {
    "DEBUG": "1",
    "SECRET_KEY": "signs nothing outside the tests, 0123456789 abcdefghij klmnopqrst",
    "LOG_JSON": "1",
    "LOG_LEVEL": "INFO",
    "SOCKET_ALLOWED_ORIGINS": "https://friend.example",
    "SOCKETS_PER_ADDRESS": "0",
    "SOCKETS_PER_USER": "0",
    "MESSAGES_PER_MINUTE": "0",
    "ASK_BEFORE_ADDING": "never",
    "ROOMS_PER_HOUR": "0",
    "MEMBERS_ADDED_PER_HOUR": "0",
    "INVITATIONS_PER_HOUR": "0",
    "CHANGES_PER_MINUTE": "0",
    "SAVES_PER_MINUTE": "0",
    "TYPING_PER_MINUTE": "0",
    "SEARCHES_PER_MINUTE": "0",
    "FRAMES_PER_SECOND": "0",
    "RECOVERY_ROWS": "100",
    "HEAD_CHECK_SECONDS": "1",
    "PRESENCE_BEAT_SECONDS": "0.5",
    "PRESENCE_EXPIRY_SECONDS": "2",
    "DRAIN_SECONDS": "1",
}


@dataclass
class Site:
    profile: Profile
    processes: list[ServerProcess]
    people: People
    env: dict[str, str]
    directory: Path
    redis: PrivateRedis | None = None
    _turns: Iterator[int] = field(default_factory=itertools.count)

    @property
    def is_daphne(self) -> bool:
        return self.profile.server == "daphne"

    def next_process(self) -> ServerProcess:
        """Return the processes in turn: in a cluster, the tabs of a test stand in different processes."""
        return self.processes[next(self._turns) % len(self.processes)]

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the servers and return what it printed."""
        with TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
            files = {"output": output.fileno(), "errors": errors.fileno()}
            process = start("manage", arguments, self.env, **files)
            try:
                code = process.wait(_COMMAND_SECONDS)
            finally:
                process.kill()
            output.seek(0)
            errors.seek(0)
            printed = output.read()
            assert code == 0, f"{' '.join(arguments)} failed:\n{printed}{errors.read()}"
        return printed

    def log_marks(self) -> list[int]:
        return [process.log_size() for process in self.processes]

    def log_text(self, since: list[int] | None = None) -> str:
        marks = since or [0] * len(self.processes)
        return "".join(process.log_text(mark) for process, mark in zip(self.processes, marks, strict=True))

    def stop(self) -> None:
        for process in self.processes:
            process.stop()
        self.people.stop()


class SiteBuilder:
    """Starts sites. Redis and PostgreSQL are started when first asked for, and kept."""

    def __init__(self, directory: Path, shared_directory: Path | None = None, *, forks: bool = True) -> None:
        """`shared_directory`: where the processes of one test run find what they copy. `forks`: see ServerProcess."""
        self._forks = forks
        self._directory = directory
        self._templates = Templates(shared_directory or directory, SETTINGS)
        self._numbers = itertools.count(1)
        self._kept: list[Any] = []

    @cached_property
    def redis(self) -> PrivateRedis:
        redis = PrivateRedis(self._directory / "redis")
        redis.start()
        self._kept.append(redis.stop)
        return redis

    @cached_property
    def postgres(self) -> PrivatePostgres:
        postgres = PrivatePostgres(self._templates.postgres())
        self._kept.append(postgres.remove)
        postgres.start()
        return postgres

    def database_url(self, kind: str) -> str:
        """Return the address of a new, migrated, empty database."""
        if kind == "postgres":
            return self.postgres.url(self.postgres.create_database(template=POSTGRES_DATABASE))
        path = self._directory / f"site-{next(self._numbers)}.sqlite3"
        shutil.copyfile(self._templates.sqlite(), path)
        return f"sqlite:///{path}"

    def private_redis(self) -> PrivateRedis:
        """Return a Redis that a test may kill: the shared one serves other sites."""
        redis = PrivateRedis(self._directory / f"redis-{next(self._numbers)}")
        redis.start()
        return redis

    @contextmanager
    def private_postgres(self) -> Iterator[tuple[PrivatePostgres, str]]:
        """A PostgreSQL that a test may stop, and the address of a migrated database in it."""
        postgres = PrivatePostgres(self._templates.postgres())
        try:
            postgres.start()
            yield postgres, postgres.url(POSTGRES_DATABASE)
        finally:
            postgres.remove()

    def start(self, profile: Profile, redis: PrivateRedis | None = None, **settings: Any) -> Site:
        """Start a site; settings are given as the environment has them."""
        directory = self._directory / f"{profile}-{next(self._numbers)}"
        directory.mkdir(parents=True)
        chosen = dict(SETTINGS)
        chosen["DATABASE_URL"] = settings.pop("DATABASE_URL", None) or self.database_url(profile.database)
        chosen["MEDIA_ROOT"] = str(directory / "media")
        if profile.has_redis:
            redis = redis or self.redis
            chosen |= {"REDIS_URL": redis.url, "REDIS_PREFIX": directory.name}
        env = environment(chosen | {name: str(value) for name, value in settings.items()})
        numbers = range(1, profile.processes + 1)
        logs = [directory / f"server-{number}.log" for number in numbers]
        processes = [ServerProcess(profile.server, env, log, forks=self._forks) for log in logs]
        for process in processes:
            process.launch()
        site = Site(profile, processes, People(env, directory / "people.log"), env, directory, redis)
        try:
            for process in processes:
                process.wait_ready()
        except BaseException:
            site.stop()
            raise
        return site

    @contextmanager
    def running(self, profile: Profile, *, noisy_logger: str = "", **options: Any) -> Iterator[Site]:
        """Run a site; at its end no traceback may be in its log, but for those of a library's `noisy_logger`."""
        site = self.start(profile, **options)
        try:
            yield site
        finally:
            site.stop()
        assert_no_traceback(site.log_text(), noisy_logger)

    def close(self) -> None:
        for stop in reversed(self._kept):
            stop()


class SharedSites:
    """One running site for each profile, for all tests that only add people and rooms to it."""

    def __init__(self, builder: SiteBuilder, **settings: Any) -> None:
        self._builder = builder
        self._settings = settings
        self._running: dict[Profile, Site] = {}
        self._failed: dict[Profile, Exception] = {}

    def of(self, profile: Profile) -> Site:
        if profile in self._failed:
            raise self._failed[profile]  # trying again for each of hundreds of tests would take an hour
        if profile not in self._running:
            try:
                self._running[profile] = self._builder.start(profile, **self._settings)
            except Exception as error:
                self._failed[profile] = error
                raise
        return self._running[profile]

    @contextmanager
    def watched(self, profile: Profile) -> Iterator[Site]:
        """Whatever is done to the site meanwhile, no process of it may die or log a traceback."""
        site = self.of(profile)
        marks = site.log_marks()
        yield site
        assert all(process.is_running for process in site.processes), "a server process has died"
        assert_no_traceback(site.log_text(marks))

    def stop(self) -> None:
        for site in self._running.values():
            site.stop()


def assert_no_traceback(log_text: str, noisy_logger: str = "") -> None:
    lines = [line for line in log_text.splitlines() if not noisy_logger or f'"{noisy_logger}"' not in line]
    text = "\n".join(lines)
    at = text.find("Traceback")
    assert at < 0, f"the server logged a traceback:\n{text[max(0, at - 500) : at + 4000]}"
