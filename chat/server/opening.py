"""Who may open a socket or a stream of server-sent events.

Decided before the upgrade, or before the first event, so that a refusal is an HTTP response and costs nothing more.
"""

from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from accounts import client_address, credentials, tickets
from accounts.credentials import BEARER, Credential
from accounts.origins import is_allowed_host
from chat.protocol import frames
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database

if TYPE_CHECKING:
    from chat.server.runtime import Runtime

Scope = dict[str, Any]

_TICKET_CHARS_AT_MOST: Final = 1000
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "ws": 80, "wss": 443}
_WEB_SCHEME: Final = {"ws": "http", "wss": "https", "http": "http", "https": "https"}
_QUERY_FIELDS_AT_MOST: Final = 20


class Refusal(Exception):
    """Why nothing is opened: an HTTP status and the error that its body tells."""

    def __init__(self, status: int, error: ProtocolError) -> None:
        super().__init__(error.message)
        self.status = status
        self.error = error

    def response(self) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """Return the body and the headers of the HTTP response."""
        body = frames.encode(frames.failure(self.error)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        if self.error.retry_after is not None:
            headers.append((b"retry-after", str(max(1, self.error.retry_after // 1000)).encode()))
        return body, headers


def _refusal(status: int, code: ErrorCode, message: str, retry_after: int | None = None) -> Refusal:
    return Refusal(status, ProtocolError(code, message, retry_after=retry_after))


def signed_out() -> Refusal:
    return _refusal(401, ErrorCode.UNAUTHORIZED, "You are not signed in.")


def foreign_origin() -> Refusal:
    return _refusal(403, ErrorCode.UNAUTHORIZED, "This page may not open a connection here.")


def foreign_host() -> Refusal:
    return _refusal(400, ErrorCode.VALIDATION_ERROR, "This server has another name. Use the address of its pages.")


def unknown_path() -> Refusal:
    return _refusal(404, ErrorCode.NOT_FOUND, "There is nothing here. The socket is at /ws.")


class Shown(NamedTuple):
    """A credential, and the nonce of the ticket that it came in, which is still to be spent."""

    credential: Credential
    nonce: str | None = None


async def let_in(scope: Scope, runtime: "Runtime") -> tuple[Credential, str]:
    """Return who comes in and from which address, their ticket spent. Raises Refusal.

    No await may follow before `runtime.admit`: many openings at once must not all pass the limits.
    """
    check_host(scope)
    address = address_of(scope)
    shown = await credential_of(scope)
    check_room_for_one_more(runtime, shown.credential.user_id)
    credential = await spend(shown)
    # Again, because others may have come in while the ticket was being spent.
    check_room_for_one_more(runtime, credential.user_id)
    return credential, address


def check_host(scope: Scope) -> None:
    """Raise Refusal unless the one Host header is in ALLOWED_HOSTS, as for pages.

    A page of another site whose name has come to lead to our address sends its own name: to its browser we are that site.
    """
    hosts = [bytes(value) for name, value in scope.get("headers", ()) if bytes(name).lower() == b"host"]
    if len(hosts) != 1 or not is_allowed_host(hosts[0].decode("latin-1")):
        raise foreign_host()


async def credential_of(scope: Scope) -> Shown:
    """Return by whom it is opened: the first of Bearer, ticket and cookie that is present. Raises Refusal."""
    headers = headers_of(scope)
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    query = query_of(scope)
    if authorization:
        if not authorization.startswith(BEARER):
            raise signed_out()
        secret = authorization.removeprefix(BEARER).strip()
        found = await _in_database(credentials.from_secret, secret, address_of(scope))
    elif "token" in query:
        return _by_ticket(query["token"][0])
    else:
        found = await _by_cookie(scope, headers)
    if found is None:
        raise signed_out()
    return Shown(found)


def _by_ticket(ticket: str) -> Shown:
    unsealed = tickets.unseal(ticket) if len(ticket) <= _TICKET_CHARS_AT_MOST else None
    if unsealed is None:
        raise signed_out()
    nonce, credential = unsealed
    return Shown(credential, nonce)


async def spend(shown: Shown) -> Credential:
    """Use up the ticket, after all other checks: who fails those may come again with it. Raises Refusal."""
    if shown.nonce is not None:
        if not tickets.spend_here(shown.nonce):
            raise signed_out()
        # One process alone needs no shared store, and so no thread hop for each opening.
        if settings.REDIS_URL and not await in_database(tickets.spend_everywhere, shown.nonce):
            raise signed_out()
    return shown.credential


async def _by_cookie(scope: Scope, headers: dict[bytes, bytes]) -> Credential | None:
    try:
        cookies = SimpleCookie(headers.get(b"cookie", b"").decode("latin-1"))
    except CookieError:
        return None
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    if morsel is None or not morsel.value:
        return None
    # A browser sends the cookie along from any page: only the Origin tells ours from a stranger's.
    if not _is_from_own_page(scope, headers):
        raise foreign_origin()
    return await _in_database(credentials.from_session_key, morsel.value)


async def _in_database(function: Any, *values: str) -> Credential | None:
    try:
        found: Credential | None = await in_database(function, *values)
    except ProtocolError as error:
        raise Refusal(503, error) from error
    return found


def _is_from_own_page(scope: Scope, headers: dict[bytes, bytes]) -> bool:
    origin = headers.get(b"origin")
    if origin is None and scope["type"] == "http":
        # When a page asks its own server with GET, browsers leave the Origin out, and tell from where it comes so.
        return headers.get(b"sec-fetch-site", b"none") in (b"same-origin", b"none")
    return is_own_origin((origin or b"").decode("latin-1"), scope, headers)


def is_own_origin(origin: str, scope: Scope, headers: dict[bytes, bytes]) -> bool:
    """Whether scheme, host and port of an Origin are ours, or it is in SOCKET_ALLOWED_ORIGINS."""
    if origin in settings.SOCKET_ALLOWED_ORIGINS:
        return True
    host = headers.get(b"host", b"").decode("latin-1").lower()
    scheme = _WEB_SCHEME.get(scope.get("scheme", "ws"), "http")
    if settings.TLS and headers.get(b"x-forwarded-proto") == b"https":
        scheme = "https"
    try:
        shown, own = urlsplit(origin), urlsplit(f"{scheme}://{host}")
        return (
            shown.scheme == own.scheme
            and bool(shown.hostname)
            and shown.hostname == own.hostname
            and (shown.port or _DEFAULT_PORTS[scheme]) == (own.port or _DEFAULT_PORTS[scheme])
        )
    except ValueError:
        return False


def address_of(scope: Scope) -> str:
    """Return the client's address; behind trusted proxies, the one that the outermost of them saw."""
    client = scope.get("client")
    lines = [bytes(value) for name, value in scope.get("headers", ()) if bytes(name).lower() == b"x-forwarded-for"]
    return client_address.seen_from_outside(str(client[0]) if client else None, [b",".join(lines).decode("latin-1")])


def headers_of(scope: Scope) -> dict[bytes, bytes]:
    pairs: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    return {bytes(name).lower(): bytes(value) for name, value in pairs}


def query_of(scope: Scope) -> dict[str, list[str]]:
    try:
        return parse_qs(scope.get("query_string", b"").decode("latin-1"), max_num_fields=_QUERY_FIELDS_AT_MOST)
    except ValueError:  # too many fields, which is no one's but an attacker's
        return {}


def check_room_for_one_more(runtime: "Runtime", user_id: int) -> None:
    """Raise Refusal when the process is draining, or the user has enough connections.

    However many people share an address: a whole office does, and each of them is known here.
    """
    if runtime.is_draining:
        raise _refusal(503, ErrorCode.UNAVAILABLE, "Restarting; come back in a moment.", retry_after=2000)
    if 0 < settings.SOCKETS_PER_USER <= runtime.presence.tabs_of(user_id):
        raise _refusal(429, ErrorCode.RATE_LIMITED, "You have too many connections open.", retry_after=30_000)
