"""`python -m config.serve`: what it refuses, what it prepares on a laptop, how it greets and how it leaves."""

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import pytest
from django.conf import settings

from chat.management.commands.demo import PASSWORD
from tests.servers.private_redis import PrivateRedis
from tests.servers.processes import free_port

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_START_SECONDS: Final = 60
_PRODUCTION: Final = {"DEBUG": "0", "SECRET_KEY": "x" * 60, "ALLOWED_HOSTS": "127.0.0.1", "TLS": "0"}


def environment(directory: Path, **settings: str) -> dict[str, str]:
    """Return this machine's environment without what a developer may have set, and with these settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    database = {"DATABASE_URL": f"sqlite:///{directory / 'served.sqlite3'}", "ENV_FILE": str(directory / "env")}
    return kept | {"PORT": str(free_port()), **database, **settings}


def start(env: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "config.serve", *arguments],
        cwd=REPOSITORY,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(env: dict[str, str], *arguments: str) -> str:
    """Start a server that must refuse, and return its sentence."""
    process = start(env, *arguments)
    try:
        out, err = process.communicate(timeout=_START_SECONDS)
    finally:
        process.kill()
    assert process.returncode == 1, out + err
    assert "Traceback" not in err
    return err


@contextmanager
def running(env: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    process = start(env, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=_START_SECONDS)


@contextmanager
def serving(env: dict[str, str], *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    with running(env, *arguments) as process:
        until = time.monotonic() + _START_SECONDS
        while fetch(env, "/healthz")[0] != 200:
            assert process.poll() is None, process.communicate(timeout=_START_SECONDS)
            assert time.monotonic() < until, "no response"
            time.sleep(0.05)
        yield process


def fetch(env: dict[str, str], path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{env['PORT']}{path}", timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""
    except OSError:
        return 0, ""


def tables(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM sqlite_master")]


def migrate(env: dict[str, str]) -> None:
    """Make the tables: without them, servers that run for long log more than a pipe holds that no one reads, and stop."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=REPOSITORY, env=env, check=True, timeout=_START_SECONDS)


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[str, str]:
    process.send_signal(number)
    return process.communicate(timeout=_START_SECONDS)


def test_outside_debug_it_does_not_start_without_a_secret_key(tmp_path: Path) -> None:
    assert "Parley does not start: SECRET_KEY is not set." in refusal(environment(tmp_path))


def test_a_port_in_use_is_named_and_the_database_is_left_alone(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(env["PORT"])))
        other.listen()
        told = refusal(env, "--laptop")
    assert f"port {env['PORT']} of 127.0.0.1 is in use" in told
    assert not (tmp_path / "served.sqlite3").exists()


@pytest.mark.parametrize("port", ["eight", "0", "65536", "-1", "80 80"])
def test_a_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    assert f"PORT is {port!r}" in refusal(environment(tmp_path, PORT=port), "--laptop")


def test_a_host_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    assert "it cannot listen on HOST=192.0.2.1" in refusal(environment(tmp_path, HOST="192.0.2.1"), "--laptop")


def test_a_database_that_does_not_respond_is_named(tmp_path: Path) -> None:
    env = environment(tmp_path, DATABASE_URL=f"postgres://unknown:nothing@127.0.0.1:{free_port()}/nowhere")
    assert "the database of DATABASE_URL" in refusal(env, "--laptop")


def test_a_laptop_gets_tables_and_people_and_is_told_how_to_sign_in(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with serving(env, "--laptop") as process:
        assert fetch(env, "/accounts/login/")[0] == 200
        out, err = end(process, signal.SIGINT)
    assert f"http://127.0.0.1:{env['PORT']}/" in out
    assert PASSWORD in out
    assert process.returncode == 0
    assert "Traceback" not in err


def test_management_commands_work_beside_it_without_further_settings(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with serving(env, "--laptop") as process:
        command = [sys.executable, "manage.py", "api_token", "alice"]
        done = subprocess.run(
            command, cwd=REPOSITORY, env=env, capture_output=True, text=True, check=True, timeout=_START_SECONDS
        )
        token = done.stdout
        end(process, signal.SIGTERM)
    assert token.startswith("parley_")
    assert "DEBUG=1\nSECRET_KEY=" in (tmp_path / "env").read_text()


def test_what_the_env_file_says_goes_before_what_a_laptop_assumes(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("DEBUG=0\n")
    assert "SECRET_KEY is not set" in refusal(environment(tmp_path), "--laptop")


def test_a_second_start_keeps_a_changed_password_and_does_not_tell_the_old_one(tmp_path: Path) -> None:
    env = environment(tmp_path)
    with serving(env, "--laptop") as process:
        end(process, signal.SIGTERM)
    change = "from accounts.models import User; a = User.objects.get(username='alice'); a.set_password('x'); a.save()"
    manage = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", change]
    subprocess.run(manage, cwd=REPOSITORY, env=env | {"DEBUG": "1"}, check=True, timeout=_START_SECONDS)
    with serving(env, "--laptop") as process:
        out, _err = end(process, signal.SIGTERM)
    assert PASSWORD not in out
    assert "Sign in" in out


def test_a_production_server_leaves_the_database_alone_and_logs_json(tmp_path: Path) -> None:
    env = environment(tmp_path, **_PRODUCTION)
    with serving(env) as process:
        out, err = end(process, signal.SIGTERM)
    assert out == ""
    assert tables(tmp_path / "served.sqlite3") == []
    events = [json.loads(line) for line in err.splitlines()]
    assert [event for event in events if event["event"] == "serving" and event["port"] == int(env["PORT"])]
    assert [event["version"] for event in events if event["event"] == "serving"] == [settings.VERSION]


def test_told_to_end_it_ends_well(tmp_path: Path) -> None:
    with serving(environment(tmp_path, **_PRODUCTION)) as process:
        end(process, signal.SIGTERM)
    assert process.returncode == 0


def test_told_to_end_at_any_moment_of_its_start_it_ends(tmp_path: Path) -> None:
    """An exception from a handler is dropped where Python runs callbacks, of the garbage collector's for example."""
    env = environment(tmp_path, **_PRODUCTION)
    migrate(env)
    started = time.monotonic()
    with serving(env):
        usual = time.monotonic() - started
    for part in range(1, 13):
        with running(env | {"PORT": str(free_port())}) as process:
            time.sleep(usual * part / 12)
            end(process, signal.SIGTERM)
        assert process.returncode in (0, -signal.SIGTERM), part


def test_several_processes_share_the_port_and_one_that_dies_is_replaced(tmp_path: Path) -> None:
    redis = PrivateRedis(tmp_path / "redis")
    redis.start()
    try:
        env = environment(tmp_path, **_PRODUCTION, WORKERS="2", REDIS_URL=redis.url)
        migrate(env)
        with serving(env) as process:
            first = children_of(process.pid, 2)
            for pid in first:
                os.kill(pid, signal.SIGKILL)
            until = time.monotonic() + _START_SECONDS
            while set(first) & set(now := children_of(process.pid, 2)) or fetch(env, "/healthz")[0] != 200:
                assert time.monotonic() < until, "not replaced"
            end(process, signal.SIGTERM)
    finally:
        redis.stop()
    assert process.returncode == 0
    assert [pid for pid in now if Path(f"/proc/{pid}").exists()] == []


def test_workers_leave_and_free_the_port_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """Whatever starts the service again would otherwise find its port in use, for as long as the workers live."""
    redis = PrivateRedis(tmp_path / "redis")
    redis.start()
    try:
        env = environment(tmp_path, **_PRODUCTION, WORKERS="2", REDIS_URL=redis.url)
        migrate(env)
        with serving(env) as process:
            workers = children_of(process.pid, 2)
            process.kill()
            until = time.monotonic() + _START_SECONDS
            while any(Path(f"/proc/{pid}").exists() for pid in workers):
                assert time.monotonic() < until, "they are still there"
                time.sleep(0.05)
            with serving(env) as successor:
                end(successor, signal.SIGTERM)
    finally:
        redis.stop()
    assert successor.returncode == 0


def children_of(pid: int, count: int) -> list[int]:
    """Return the child processes once there are so many."""
    until = time.monotonic() + _START_SECONDS
    while True:
        children = [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        if len(children) == count:
            return children
        assert time.monotonic() < until, f"{len(children)} children"
        time.sleep(0.05)


@pytest.mark.parametrize("count", ["0", "two", "-1"])
def test_a_number_of_workers_that_is_none_is_refused(tmp_path: Path, count: str) -> None:
    assert f"WORKERS is {count!r}" in refusal(environment(tmp_path, **_PRODUCTION, WORKERS=count))


def test_several_processes_without_redis_are_refused(tmp_path: Path) -> None:
    assert "set REDIS_URL" in refusal(environment(tmp_path, **_PRODUCTION, WORKERS="2"))


def test_no_line_names_the_server_software(tmp_path: Path) -> None:
    env = environment(tmp_path, **_PRODUCTION)
    with (
        serving(env),
        urllib.request.urlopen(f"http://127.0.0.1:{env['PORT']}/healthz", timeout=10) as response,
    ):
        assert not re.search("uvicorn", str(response.headers), re.IGNORECASE)


@pytest.mark.parametrize("names", ["chat.example.org,127.0.0.1", ".example.org", "*"])
def test_the_health_check_works_whatever_names_the_server_has(tmp_path: Path, names: str) -> None:
    env = environment(tmp_path, **_PRODUCTION | {"ALLOWED_HOSTS": names})
    check = [sys.executable, "-m", "config.healthcheck"]

    def checked() -> int:
        done = subprocess.run(check, cwd=REPOSITORY, env=env, capture_output=True, check=False, timeout=_START_SECONDS)
        return done.returncode

    with running(env):
        until = time.monotonic() + _START_SECONDS
        while checked():
            assert time.monotonic() < until, "never healthy"
    assert checked() == 1
