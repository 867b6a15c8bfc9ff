"""The settings for SQLite: many who read and then write, at once, wait for each other and do not fail."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers.processes import REPOSITORY
from tests.servers.server_process import environment

THREADS, TRANSACTIONS = 8, 40
COUNTING = """
import django; django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import OperationalError, connection, transaction

def run(sql, *values):
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchone() if sql.startswith(("SELECT", "PRAGMA")) else None

def count(transactions):
    failed = 0
    for _ in range(transactions):
        try:
            with transaction.atomic():
                (value,) = run("SELECT value FROM counter")
                run("UPDATE counter SET value = %s", value + 1)
        except OperationalError:
            failed += 1
    connection.close()
    return failed

run("CREATE TABLE counter (value INTEGER)")
run("INSERT INTO counter VALUES (0)")
with ThreadPoolExecutor(THREADS) as threads:
    failed = sum(threads.map(count, [TRANSACTIONS] * THREADS))
pragmas = [run(f"PRAGMA {name}")[0] for name in ("journal_mode", "synchronous", "cache_size")]
print(failed, *run("SELECT value FROM counter"), *pragmas)
"""

CACHES = """
import django; django.setup()
import asyncio
from django.db import connection
from chat.realtime.database import in_database, in_writer

def page_cache():
    with connection.cursor() as cursor:
        return cursor.execute("PRAGMA cache_size").fetchone()[0]

for work in (in_writer, in_database):
    print(asyncio.run(work(page_cache)))
"""


def run(code: str, directory: Path) -> list[str]:
    """Run a program with a database of its own, and return the words it says."""
    database = f"sqlite:///{directory / 'own.sqlite3'}"
    env = environment({"DEBUG": "1", "ENV_FILE": os.devnull, "DATABASE_URL": database})
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_who_reads_and_then_writes_waits_for_the_others_and_nothing_is_lost(tmp_path: Path) -> None:
    """With Django's defaults most of these fail at once with "database is locked"."""
    said = run(f"THREADS, TRANSACTIONS = {THREADS}, {TRANSACTIONS}{COUNTING}", tmp_path)
    normal = "1"
    kilobytes = "-200"
    assert said == ["0", str(THREADS * TRANSACTIONS), "wal", normal, kilobytes]


def test_the_writer_has_the_largest_page_cache(tmp_path: Path) -> None:
    assert run(CACHES, tmp_path) == ["-1000", "-200"]
