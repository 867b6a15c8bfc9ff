"""Files as people upload them, and as attackers do."""

import io
import struct
import zlib
from typing import Any, Final

from PIL import Image

SECRET: Final = "12 Hidden Street"
RED: Final = (200, 30, 40)
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def picture(kind: str = "PNG", width: int = 60, height: int = 40, **options: Any) -> bytes:
    """Return a picture; a JPEG can be told from its neighbours by its colour only."""
    mode = options.pop("mode", "RGB")
    image = Image.new("RGB", (width, height), RED).convert(mode)
    return saved(image, kind, **options)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def animation(kind: str = "GIF", frames: int = 3, width: int = 30, height: int = 20) -> bytes:
    """Return frames of different colours: equal ones would be merged by the encoder."""
    images = [Image.new("RGB", (width, height), (80 * number % 256, number, 90)) for number in range(frames)]
    return saved(images[0], kind, save_all=True, append_images=images[1:], duration=120, loop=0)


def png_of(*chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG of these chunks, with checksums that are right, whatever is in them."""
    return _PNG + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def png_header(width: int, height: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)


def png_that_claims(width: int, height: int) -> bytes:
    """Return a small file that says that it is a large picture."""
    return png_of(png_header(width, height), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))


def png_with_a_bomb(megabytes: int = 100) -> bytes:
    """Return a picture of one pixel with a text beside it that is a thousand times larger unpacked."""
    text = b"Comment\0\0" + zlib.compress(b"A" * megabytes * 1_000_000, 9)
    row = zlib.compress(b"\0" + bytes(RED))
    return png_of(png_header(1, 1), (b"zTXt", text), (b"IDAT", row), (b"IEND", b""))


def gif_with_a_frame_beyond(width: int, height: int) -> bytes:
    """Return a GIF of one pixel whose second frame is huge: decoders widen the canvas for it."""
    frames = animation("GIF", frames=2, width=1, height=1)
    at = frames.rindex(b"\x2c")  # the last frame's descriptor: a comma, x, y, width, height
    return frames[: at + 5] + struct.pack("<HH", width, height) + frames[at + 9 :]
