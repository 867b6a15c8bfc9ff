"""The child process that formats text: `python -m chat.markdown.program`."""

from collections.abc import Sequence
from typing import Final

from chat import markdown
from chat.bounded.child import serve

_MEMORY_BYTES: Final = 1 << 30


def work(request: bytes, _files: Sequence[int]) -> bytes:
    return markdown.render(request.decode()).encode()


if __name__ == "__main__":
    markdown.warm_up()
    serve(work, memory_bytes=_MEMORY_BYTES, recover=markdown.start_over)
