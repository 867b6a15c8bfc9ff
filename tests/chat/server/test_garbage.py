"""Garbage collections of a long-lived process: what has survived one is not looked at again, until all of it is."""

import os
import subprocess
import sys

import pytest

from tests.servers.processes import REPOSITORY
from tests.servers.server_process import environment

# Each in a process of its own: what is set aside is so for all of it.
BEGINNING = """
import gc, sys, weakref
from chat.server import garbage
garbage._SWEEP_SECONDS = float(sys.argv[1])
garbage.keep_collections_short()

class Node:
    pass

def cycle():
    node = Node()
    node.itself = node
    return node
"""


def printed(program: str, sweep_seconds: float) -> list[str]:
    command = [sys.executable, "-c", BEGINNING + program, str(sweep_seconds)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.split()


def test_what_survived_a_full_collection_is_not_looked_at_again() -> None:
    program = """
kept = [[] for _ in range(50_000)]
gc.collect()
print(len(gc.get_objects()) < 1_000, gc.get_freeze_count() > 50_000)
"""
    assert printed(program, 3600.0) == ["True", "True"]


@pytest.mark.parametrize("automatic", [False, True])
def test_what_ends_without_a_cycle_is_freed_though_it_was_set_aside(automatic: bool) -> None:
    program = f"""
kept = Node()
seen = weakref.ref(kept)
{"more = [[] for _ in range(200_000)]" if automatic else "gc.collect()"}
del kept
print(seen() is None)
"""
    assert printed(program, 3600.0) == ["True"]


def test_new_cycles_are_found_as_ever() -> None:
    assert printed("seen = weakref.ref(cycle()); gc.collect(); print(seen() is None)", 3600.0) == ["True"]


@pytest.mark.parametrize(("sweep_seconds", "is_found"), [(3600.0, "False"), (0.0, "True")])
def test_a_cycle_that_was_set_aside_is_found_by_the_next_sweep(sweep_seconds: float, is_found: str) -> None:
    program = """
kept = cycle()
seen = weakref.ref(kept)
gc.collect()
del kept
gc.collect()
print(seen() is None)
"""
    assert printed(program, sweep_seconds) == [is_found]


SHOWN = """
import gc, socket, django, uvicorn
django.setup()
def shown(*_):
    print([type(each).__name__ for each in gc.callbacks])
"""
SERVE = """
from config import serve
uvicorn.Server.run = shown
serve.serve(socket.socket(), "")
"""
RUN_REPLIES = """
from chat.management.commands import run_replies
run_replies.Command._run = shown
run_replies.asyncio.run = lambda coroutine: None
run_replies.Command().handle()
"""


@pytest.mark.parametrize("program", [SERVE, RUN_REPLIES], ids=["serve", "run_replies"])
def test_long_lived_processes_do_so(program: str) -> None:
    settings = {"DEBUG": "1", "ENV_FILE": os.devnull, "REDIS_URL": "redis://127.0.0.1:1"}
    env = environment({**settings, "DJANGO_SETTINGS_MODULE": "config.settings"})
    # How it ends does not matter: a server that never listened has failed.
    done = subprocess.run(
        [sys.executable, "-c", SHOWN + program], env=env, cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert "_SettingAside" in done.stdout, done.stderr
