"""A push service on loopback, over TLS with an authority of its own: it keeps what it is sent, and responds as told."""

import datetime as dt
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, NamedTuple

import http_ece
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.accounts.browsers import Keys

_HOST: Final = "127.0.0.1"
_PATIENCE_SECONDS: Final = 15.0


class Received(NamedTuple):
    path: str
    headers: dict[str, str]  # names in lower case
    body: bytes

    def read_by(self, keys: Keys) -> dict[str, str]:
        """Decrypt as the browser does that these keys belong to."""
        plain = http_ece.decrypt(self.body, private_key=keys.private, auth_secret=keys.auth, version="aes128gcm")
        told: dict[str, str] = msgspec.json.decode(plain)
        return told


class PushService:
    """`statuses` has a status for each path that is not to get 201; `delays` the seconds that one has to wait."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.authority = directory / "authority.pem"
        self.received: list[Received] = []
        self.statuses: dict[str, int] = {}
        self.delays: dict[str, float] = {}
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.received.append(Received(self.path, headers, body))
                time.sleep(service.delays.get(self.path, 0))
                self.send_response(service.statuses.get(self.path, 201))
                self.send_header("Location", f"{service.origin}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer((_HOST, 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who gives up waiting breaks a pipe
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(self.authority, directory / "server.pem"))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def name(self) -> str:
        """What PUSH_SERVICES has to allow."""
        return f"{_HOST}:{self._server.server_port}"

    @property
    def origin(self) -> str:
        return f"https://{self.name}"

    def settings(self, private_key: str) -> dict[str, str]:
        """Return the environment of a server that sends here."""
        return {
            "VAPID_PRIVATE_KEY": private_key,
            "VAPID_SUBJECT": "mailto:admin@chat.example",
            "PUSH_SERVICES": self.name,
            "REQUESTS_CA_BUNDLE": str(self.authority),
            "NO_PROXY": _HOST,
        }

    def at(self, path: str) -> list[Received]:
        return [each for each in list(self.received) if each.path == path]

    def wait_for(self, path: str, count: int = 1) -> list[Received]:
        """Return what came for one browser once it is so much."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while len(self.at(path)) < count:
            assert time.monotonic() < until, f"{len(self.at(path))} of {count} came"
            time.sleep(0.02)
        return self.at(path)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def push_service(directory: Path) -> Iterator[PushService]:
    service = PushService(directory)
    try:
        yield service
    finally:
        service.close()


def _certificate(authority: Path, chain: Path) -> Path:
    """Write a certificate for the loopback address, and what makes it trusted; return the former with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Parley tests")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(_HOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown = certificate.public_bytes(Encoding.PEM)
    authority.write_bytes(shown)
    chain.write_bytes(shown + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain
