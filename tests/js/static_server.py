"""Serves the library, the tests and the vendored React to the browser. It responds to ticket requests as the URL says."""

import json
import threading
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).parent
ROOTS = {"static": HERE.parents[1] / "static", "tests": HERE}


class Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def translate_path(self, path):
        root, _, rest = urlsplit(path).path.lstrip("/").partition("/")
        base = ROOTS.get(root)
        target = (base / rest).resolve() if base else HERE / "nothing"
        return str(target if base and target.is_relative_to(base) else HERE / "nothing")

    def end_headers(self):
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def do_POST(self):
        query = {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}
        status = int(query.get("status", HTTPStatus.OK))
        body = {"ticket": query.get("ticket", "ticket"), "expiresIn": 60}
        if status != HTTPStatus.OK:
            error: dict[str, Any] = {"code": query.get("code", "UNAUTHORIZED"), "message": "No ticket."}
            if "retryAfter" in query:
                error["retryAfter"] = int(query["retryAfter"])
            body = {"type": "error", "success": False, "timestamp": 0, "error": error}
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        """A page of modules would fill the report with its requests."""


class StaticServer:
    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
        assert not self._thread.is_alive(), "the static server did not end in 10 s"
