"""Lets requests into Django a few at a time, so that pages, passwords and the socket never take from each other.

Each request in Django holds a thread and, on PostgreSQL, a connection of the pool that the socket uses, too. Unbounded,
sixty of them that wait for something would leave no connection for anyone else. A request waits here, before Django and
without either, and is let in when its body is complete; its place and its connection are free again as soon as its
response begins, so a client that reads slowly holds neither.
"""

import asyncio
from typing import Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import close_old_connections
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve

from accounts.client_address import network_of
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.server.opening import Refusal, address_of, headers_of
from config.body_limit import UPLOAD_PATH, Application, Message, Receive, Scope, Send
from config.fair_line import FairLine, LineFull

log = structlog.get_logger(__name__)

# The forms that hash a password. `_only_known_forms_hash` in tests/accounts/conftest.py finds any other.
HASHING_VIEWS: Final = frozenset(
    {
        "account_login",
        "account_signup",
        "account_reauthenticate",
        "account_change_password",
        "account_set_password",
        "account_reset_password_from_key",
        "admin:accounts_user_add",
        "admin:auth_user_password_change",
    }
)
# Twenty take some 2.5 s. On a machine that is busy with other things each takes longer, at its low priority.
_PASSWORD_SECONDS: Final = 10.0
_PAGES_WAITING: Final = 200
_PAGE_SECONDS: Final = 10.0
# A picture may take 20 s of processor time, one after the other.
_UPLOADS_WAITING: Final = 50
_UPLOAD_SECONDS: Final = 60.0
_COME_BACK_SECONDS: Final = 5
_TOO_MANY_SIGN_IN: Final = "Too many people are signing in right now. Try again in a few seconds."
_TOO_MANY_PAGES: Final = "Parley is busy right now. Try again in a few seconds."
_POLICY: Final = (
    b"default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    b"frame-ancestors 'none'"
)


class Admission:
    """The lines of one process, and the wrapper that makes requests wait in them."""

    def __init__(self, application: Application) -> None:
        self._application = application
        pages: int = settings.PAGES_AT_ONCE
        self.pages = FairLine(at_once=pages, per_key=max(1, pages - 2), waiting=_PAGES_WAITING, seconds=_PAGE_SECONDS)
        # Each has a page's place while its picture is encoded again, which takes many seconds: most are left to pages.
        self.uploads = FairLine(
            at_once=max(1, pages // 3), per_key=1, waiting=_UPLOADS_WAITING, seconds=_UPLOAD_SECONDS
        )
        # One at a time, as in accounts.hashers: each takes 100 MB.
        self.passwords = FairLine(at_once=1, per_key=1, waiting=settings.PASSWORDS_WAITING, seconds=_PASSWORD_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith(settings.STATIC_URL):  # neither a thread of the pages nor a database
            await self._application(scope, receive, send)
            return
        lines = self._lines_of(scope)
        visit = _Visit(lines, network_of(address_of(scope)), receive, send)
        try:
            await self._application(scope, visit.receive, visit.send)
        except LineFull:
            is_password = self.passwords in lines
            log.warning("request.no_place", path=scope["path"], passwords=is_password)
            await _say_busy(scope, send, is_password=is_password)
        finally:
            visit.end()

    def _lines_of(self, scope: Scope) -> list[FairLine]:
        if hashes_password(scope):
            return [self.passwords, self.pages]
        return [self.uploads, self.pages] if UPLOAD_PATH.fullmatch(scope["path"]) else [self.pages]


class _Visit:
    """One request on its way through the lines."""

    def __init__(self, lines: list[FairLine], key: str, receive: Receive, send: Send) -> None:
        self._lines, self._key = lines, key
        self._receive, self._send = receive, send
        self._entered: list[FairLine] = []
        self._ahead: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        """Pass the body on; with its end, wait in the lines. Raises LineFull."""
        if self._ahead is not None:
            ahead, self._ahead = self._ahead, None
            return await ahead
        message = await self._receive()
        if message["type"] != "http.request" or message.get("more_body"):
            return message
        for line in self._lines:
            if not line.enter_now(self._key) and not await self._waited(line):
                return {"type": "http.disconnect"}
            self._entered.append(line)
        return message

    async def _waited(self, line: FairLine) -> bool:
        """Wait for a place; return False when the client has gone away first. Raises LineFull."""
        if self._ahead is None:
            self._ahead = asyncio.ensure_future(self._receive())
        entering = asyncio.ensure_future(line.enter(self._key))
        try:
            await asyncio.wait({entering, self._ahead}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not entering.done():
                entering.cancel()
        if not entering.done():
            return False
        entering.result()
        return True

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            # Django would keep it until the client has read the last byte.
            await sync_to_async(close_old_connections)()
            self._free()
        await self._send(message)

    def end(self) -> None:
        """Leave nothing behind, however the request ended."""
        self._free()
        if self._ahead is not None:
            self._ahead.cancel()

    def _free(self) -> None:
        while self._entered:
            self._entered.pop().leave(self._key)


def hashes_password(scope: Scope) -> bool:
    """Return whether this request may hash a password."""
    if scope["method"] != "POST":
        return False
    try:
        return resolve(scope["path"]).view_name in HASHING_VIEWS
    except Resolver404:
        return False


async def _say_busy(scope: Scope, send: Send, *, is_password: bool) -> None:
    sentence = _TOO_MANY_SIGN_IN if is_password else _TOO_MANY_PAGES
    error = ProtocolError(ErrorCode.UNAVAILABLE, sentence, retry_after=_COME_BACK_SECONDS * 1000)
    body, headers = Refusal(503, error).response()
    if b"text/html" in headers_of(scope).get(b"accept", b""):
        # Elsewhere: a first rendering reads the template's file.
        shown = {"sentence": sentence, "again": scope["path"]}
        body = (await asyncio.to_thread(render_to_string, "503.html", shown)).encode()
        headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"retry-after", str(_COME_BACK_SECONDS).encode()),
            (b"content-security-policy", _POLICY),
        ]
    headers += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
