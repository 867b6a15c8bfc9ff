"""Asks the server of this machine whether it lives: `python -m config.healthcheck`, for containers and supervisors."""

import http.client
import os
import sys
from typing import Final

_TIMEOUT_SECONDS: Final = 4


def main() -> int:
    # A server accepts only its own names, so the request is for one of them.
    name = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    host = name if name and name != "*" else "localhost"
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT") or 8000), timeout=_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/healthz", headers={"Host": host})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"no response: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    if status != http.client.OK:
        print(f"/healthz responded with {status}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
