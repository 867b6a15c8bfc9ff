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


def test_who_reads_and_then_writes_waits_for_the_others_and_nothing_is_lost(tmp_path: Path) -> None:
    """With Django's defaults most of these fail at once with "database is locked"."""
    env = environment({"DEBUG": "1", "ENV_FILE": os.devnull, "DATABASE_URL": f"sqlite:///{tmp_path / 'own.sqlite3'}"})
    code = f"THREADS, TRANSACTIONS = {THREADS}, {TRANSACTIONS}{COUNTING}"
    done = subprocess.run([sys.executable, "-c", code], env=env, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    normal = "1"
    kilobytes = "-200"
    assert done.stdout.split() == ["0", str(THREADS * TRANSACTIONS), "wal", normal, kilobytes]
