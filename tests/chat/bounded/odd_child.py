"""A child process whose work goes as its request says: `python -m tests.chat.bounded.odd_child`."""

import hashlib
import os
import re
import signal
import time
from collections.abc import Callable, Sequence
from typing import Final

from chat.bounded.child import Refused, serve


def loop(_rest: str) -> None:
    while True:
        pass


def swallow(rest: str) -> None:
    while True:
        try:
            loop(rest)
        except BaseException:
            if rest != "always":
                raise


def sleep(rest: str) -> str:
    time.sleep(float(rest))
    return rest


def refuse(rest: str) -> None:
    raise Refused(rest)


def break_(rest: str) -> None:
    raise ValueError(rest)


WORK: Final[dict[str, Callable[[str], object]]] = {
    "echo": lambda rest: f"{os.getpid()} {rest}",
    "loop": loop,
    "swallow": swallow,
    "backtrack": lambda _: re.fullmatch("(a+)+b", "a" * 40),
    "native": lambda _: hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9),
    "hog": lambda _: len(bytearray(1 << 31)),
    "sleep": sleep,
    "die": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "leave": lambda _: os._exit(0),
    "refuse": refuse,
    "break": break_,
    "environment": lambda _: "\n".join(os.environ),
}


def work(request: bytes, files: Sequence[int]) -> bytes:
    what, _, rest = request.decode().partition(" ")
    if what == "copy":
        os.write(files[1], os.read(files[0], 100))
        return b""
    return str(WORK[what](rest)).encode()


if __name__ == "__main__":
    serve(work, memory_bytes=1 << 30, recover=lambda: None)
