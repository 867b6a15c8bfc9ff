"""Pictures as people post them, and what a model must see of them: its size, and the colour in the middle of a quarter."""

import io
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from PIL import Image

from tests.reports.test_picture_colours import rgb_profile

RED, GREEN, BLUE, GREY, WHITE, DARK = (220, 20, 30), (20, 160, 40), (30, 40, 200), (128,) * 3, (255,) * 3, (32,) * 3
_ORIENTATION: Final = 0x0112


class Case(NamedTuple):
    """size: of what is sent. colours: top left, top right, bottom left, bottom right, each with some tolerance."""

    what: str
    make: Callable[[], bytes]
    size: tuple[int, int]
    colours: tuple[tuple[int, ...], ...]
    media_type: str = "image/jpeg"

    def __str__(self) -> str:
        return self.what


def quarters(width: int = 400, height: int = 300, mode: str = "RGB") -> Image.Image:
    """Return red and green above blue and grey."""
    image = Image.new("RGB", (2, 2))
    image.putdata([RED, GREEN, BLUE, GREY])
    return image.resize((width, height), Image.Resampling.NEAREST).convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def turned(orientation: int, width: int = 400, height: int = 300) -> bytes:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return saved(quarters(width, height), "JPEG", exif=exif, quality=95)


def moving(kind: str) -> bytes:
    frames = [quarters(), Image.new("RGB", (400, 300), RED), Image.new("RGB", (400, 300), BLUE)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **_WHOLE.get(kind, {}))


_WHOLE: Final[dict[str, dict[str, Any]]] = {"WEBP": {"lossless": True}}


def clear(colour: tuple[int, ...], kind: str = "PNG") -> bytes:
    """Return one colour in the left half, and nothing at all in the right."""
    image = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    image.paste((*colour, 255), (0, 0, 200, 300))
    return saved(image, kind, **({"lossless": True} if kind == "WEBP" else {}))


def deep_grey() -> bytes:
    image = Image.new("I;16", (400, 300), 32_896)  # the middle of 65,535
    return saved(image, "PNG")


UPRIGHT: Final = (RED, GREEN, BLUE, GREY)
CASES: Final = (
    Case("a small photograph", lambda: saved(quarters(), "JPEG", quality=95), (400, 300), UPRIGHT),
    Case("a screenshot stays without loss", lambda: saved(quarters(), "PNG"), (400, 300), UPRIGHT, "image/png"),
    Case("a WebP", lambda: saved(quarters(), "WEBP", quality=95), (400, 300), UPRIGHT),
    Case("a GIF that stands still", lambda: saved(quarters(), "GIF"), (400, 300), UPRIGHT, "image/png"),
    Case("the first frame of a GIF", lambda: moving("GIF"), (400, 300), UPRIGHT, "image/png"),
    Case("the first frame of a WebP", lambda: moving("WEBP"), (400, 300), UPRIGHT),
    Case("the first frame of a moving PNG", lambda: moving("PNG"), (400, 300), UPRIGHT, "image/png"),
    Case("a large photograph", lambda: saved(quarters(4000, 3000), "JPEG"), (1238, 928), UPRIGHT),
    Case("a wide screenshot", lambda: saved(quarters(3440, 1440), "PNG"), (1568, 656), UPRIGHT, "image/png"),
    Case("a long page", lambda: saved(quarters(800, 9000), "PNG"), (139, 1568), UPRIGHT, "image/png"),
    Case("a line", lambda: saved(Image.new("RGB", (3000, 1), RED), "PNG"), (1568, 1), (RED,) * 4, "image/png"),
    Case("exactly as large as may be", lambda: saved(quarters(1568, 733), "JPEG"), (1568, 733), UPRIGHT),
    Case("a phone held upside down", lambda: turned(3), (400, 300), (GREY, BLUE, GREEN, RED)),
    Case("a phone held upright", lambda: turned(6), (300, 400), (BLUE, RED, GREY, GREEN)),
    Case("a large one held upright", lambda: turned(8, 4000, 3000), (928, 1238), (GREEN, GREY, RED, BLUE)),
    Case("a mirror", lambda: turned(2), (400, 300), (GREEN, RED, GREY, BLUE)),
    Case("one of a palette", lambda: saved(quarters().quantize(16), "PNG"), (400, 300), UPRIGHT, "image/png"),
    Case("black and white", lambda: saved(Image.new("1", (40, 30), 1), "PNG"), (40, 30), (WHITE,) * 4, "image/png"),
    Case("sixteen bits of grey", deep_grey, (400, 300), (GREY,) * 4, "image/png"),
    Case("colours of printers", lambda: saved(quarters(mode="CMYK"), "JPEG", quality=95), (400, 300), UPRIGHT),
    Case("dark on nothing", lambda: clear(BLUE), (400, 300), (BLUE, WHITE, BLUE, WHITE), "image/png"),
    Case("white on nothing", lambda: clear(WHITE), (400, 300), (WHITE, DARK, WHITE, DARK), "image/png"),
    Case("a WebP on nothing", lambda: clear(RED, "WEBP"), (400, 300), (RED, WHITE, RED, WHITE)),
    Case(
        "the colours of a phone's screen",
        lambda: saved(quarters(), "PNG", icc_profile=rgb_profile("Display P3")),
        (400, 300),
        ((240, 0, 0), (0, 163, 0), (27, 40, 208), GREY),
        "image/png",
    ),
)
