"""What every case is given: how long to measure, where to start servers, and a voice."""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.sites import SiteBuilder


@dataclass(frozen=True)
class Bench:
    """rounds: how often each measurement is taken. seconds: how long one lasts. directory: for files of servers."""

    rounds: int
    seconds: float
    directory: Path
    sites: SiteBuilder
    is_quick: bool

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


@contextmanager
def prepared(*, rounds: int, seconds: float, is_quick: bool) -> Iterator[Bench]:
    """Make a place for the servers' files; at the end it is gone, and Redis and PostgreSQL are stopped."""
    with tempfile.TemporaryDirectory(prefix="parley-bench-", ignore_cleanup_errors=True) as name:
        sites = SiteBuilder(Path(name), forks=False)
        try:
            yield Bench(rounds, seconds, Path(name), sites, is_quick)
        finally:
            sites.close()
