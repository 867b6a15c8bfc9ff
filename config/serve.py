"""Serves Parley with uvicorn: `python -m config.serve`.

With `--laptop` (`make run`) it first makes what a fresh machine lacks: DEBUG, tables, people to sign in as. A
production server never changes the database on its own: two processes that start together would both do it.
"""

import argparse
import asyncio
import errno
import io
import os
import secrets
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import environ
import structlog

if sys.platform != "win32":
    import resource

BACKLOG: Final = 4096
_DEFAULT_HOST: Final = "127.0.0.1"
_DEFAULT_PORT: Final = 8000
_LARGEST_PORT: Final = 65535
_LARGEST_FRAME_BYTES: Final = 2**31 - 1
_TICK_SECONDS: Final = 0.1

log = structlog.get_logger("config.serve")  # __name__ is "__main__" here


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m config.serve", description="Serve Parley on HOST and PORT.")
    parser.add_argument("--laptop", action="store_true", help="make the tables and demo people first; DEBUG unless set")
    laptop = parser.parse_args().laptop
    try:
        allow_many_files()
        set_up_django(laptop=laptop)
        host, port = address()
        listener = listen(host, port)
        if laptop:
            prepare()
        greeting = welcome(host, port, how_to_sign_in()) if laptop else ""
        count = workers()
        if count == 1:
            serve(listener, greeting)
        else:
            from config.workers import run_workers

            say(greeting)
            run_workers(count, lambda: serve(listener, ""))
    except KeyboardInterrupt:  # before it serves
        sys.exit(0)


def set_up_django(*, laptop: bool) -> None:
    if laptop:
        # What .env says goes before what a laptop assumes, so it is read first.
        env_file = Path(os.environ.get("ENV_FILE", Path(__file__).resolve().parent.parent / ".env"))
        environ.Env.read_env(env_file)
        if not {"DEBUG", "SECRET_KEY"} & set(os.environ):
            write_env_file(env_file)
            environ.Env.read_env(env_file)
        os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

    import django
    from django.core.exceptions import ImproperlyConfigured

    try:
        django.setup()
        from chat.system_checks import refuse_to_start

        refuse_to_start()
    except ImproperlyConfigured as error:
        refuse(str(error))


def write_env_file(path: Path) -> None:
    """Keep what a laptop needs, once: without it `manage.py` would refuse to start beside a running `make run`."""
    if not path.exists():
        lines = [
            "# Made by `make run` for this machine only. All settings: .env.example",
            "DEBUG=1",
            f"SECRET_KEY={secrets.token_urlsafe(50)}",
        ]
        path.write_text("\n".join(lines) + "\n")
        path.chmod(0o600)


def address() -> tuple[str, int]:
    """Return HOST and PORT; settings.py has read .env into the environment by now."""
    host = os.environ.get("HOST") or _DEFAULT_HOST
    text = os.environ.get("PORT") or str(_DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) <= _LARGEST_PORT:
        refuse(f"PORT is {text!r}; it must be a number from 1 to {_LARGEST_PORT}.")
    return host, int(text)


def workers() -> int:
    """Return WORKERS: how many processes share the port."""
    from django.conf import settings

    text = os.environ.get("WORKERS") or "1"
    if not text.isdecimal() or int(text) < 1:
        refuse(f"WORKERS is {text!r}; it must be a number from 1.")
    if int(text) > 1 and not settings.REDIS_URL:
        refuse("several processes need a Redis to hear each other: set REDIS_URL, or WORKERS=1.")
    return int(text)


def allow_many_files() -> None:
    """Use all file descriptors that the system grants: by default it is 1,024 of often a million, and each tab takes one."""
    if sys.platform != "win32":
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != hard:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything slow happens, so that who is too late hears it at once and changes nothing."""
    try:
        family, _, _, _, at = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(at)
        # Without this, two processes that share SO_REUSEADDR could both bind, and the second would fail much later.
        listener.listen(BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            refuse(f"port {port} of {host} is in use. Stop the other program, or take another port: PORT={port + 1}.")
        if error.errno == errno.EACCES:
            refuse(f"this user may not open port {port}. Take one above 1023, for example PORT={_DEFAULT_PORT}.")
        refuse(f"it cannot listen on HOST={host} PORT={port}: {error.strerror or error}.")
    return listener


def prepare() -> None:
    """Bring the database to this version; give an empty debug database people and rooms to try."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            say("Preparing the database ...")
            call_command("migrate", verbosity=0, interactive=False)
        if settings.DEBUG:
            call_command("demo", if_empty=True, stdout=io.StringIO())
    except DatabaseError as error:
        refuse(f"the database of DATABASE_URL does not respond as it should: {str(error).strip()}")
    if not settings.DEBUG:
        # Outside debug the pages name static files by their hashed names, which only exist after this.
        call_command("collectstatic", verbosity=0, interactive=False)
    connection.close()


def serve(listener: socket.socket, greeting: str) -> None:
    """Print the greeting, if any, and serve until SIGTERM or Ctrl+C; then send everyone away before ending."""
    import uvicorn
    from django.conf import settings

    from chat.server import garbage
    from chat.server.process import running
    from config import static
    from config.asgi import application
    from config.leaving import LATE_SECONDS, cut_off_in_one_line, leave_soon, leave_within

    class Server(uvicorn.Server):
        """uvicorn, which says where to go once it listens and takes its leave properly."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            host, port = listener.getsockname()[:2]
            log.info("serving", host=host, port=port, pid=os.getpid(), version=settings.VERSION)
            if static.are_missing():
                log.error("static_files.missing", hint="Every page fails. Run: manage.py collectstatic")
            if greeting:
                say(greeting)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            leave_within(settings.DRAIN_SECONDS + LATE_SECONDS)
            # A proxy must find the door shut, and go to another process, before we send anybody out through it.
            for server in self.servers:
                server.close()
            current = running()
            if current is not None:
                drain = asyncio.create_task(current.drain())
                while not drain.done() and not self.force_exit:
                    await asyncio.wait({drain}, timeout=_TICK_SECONDS)
                drain.cancel()
            await super().shutdown(sockets)
            leave_soon()

    config = uvicorn.Config(
        cut_off_in_one_line(application),
        http="chat.server.transport.uvicorn_protocol:AbortableHttp",
        ws="chat.server.transport.uvicorn_protocol:FrameProtocol",
        lifespan="on",
        backlog=BACKLOG,
        # Bounds what endless fragments may pile up; a whole frame over the limit is closed with 1009 either way.
        ws_max_size=settings.FRAME_BYTES or _LARGEST_FRAME_BYTES,
        # A compression context for each socket costs more memory than everything else of it, and invites bombs.
        ws_per_message_deflate=False,
        # The heartbeat is ours: browsers reply to these pings below the page, so they prove nothing about the page.
        ws_ping_interval=None,
        ws_ping_timeout=None,
        # uvicorn believes X-Forwarded-For from front to back, which a client can write itself. Parley counts
        # TRUSTED_PROXIES from the back.
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_config=None,
        # At INFO uvicorn writes a line for each socket, with the ticket in it.
        log_level="warning",
        # What was asked before the drain has had half of its time already, while everyone was sent away.
        timeout_graceful_shutdown=max(1, round(settings.DRAIN_SECONDS / 2)),
    )
    garbage.keep_collections_short()
    server = Server(config)

    def leave(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # Until uvicorn has handlers of its own, and after: it raises its signal again once it has ended in good order. A handler
    # that raises SystemExit can do it where Python drops exceptions, and the process would stay until it is killed.
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    server.run([listener])


def how_to_sign_in() -> str:
    """Return one line for a person who has just started Parley on a laptop."""
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.db import connection

    from chat.management.commands.demo import PASSWORD

    users = get_user_model().objects
    alice = users.filter(username="alice", is_active=True).first() if settings.DEBUG else None
    if alice is not None and alice.check_password(PASSWORD):
        line = f"Sign in as alice, bob or carol with the password {PASSWORD}; alice may use /admin/."
    elif users.filter(is_superuser=True).exists():
        line = "Sign in, or sign up."
    else:
        line = "Sign up, or make an administrator: .venv/bin/python manage.py createsuperuser"
    connection.close()
    return line


def welcome(host: str, port: int, sign_in: str) -> str:
    shown = "localhost" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104
    return f"\n  Parley is ready: http://{shown}:{port}/\n  {sign_in}\n  Ctrl+C stops it.\n"


def say(text: str) -> None:
    print(text, flush=True)


def refuse(reason: str) -> NoReturn:
    sys.exit(f"Parley does not start: {reason}")


if __name__ == "__main__":
    main()
