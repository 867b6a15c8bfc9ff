"""Pictures that people upload, made again: nothing but pixels comes out, whatever was hidden around them in the file.

Uses much memory and processor time, and can't be interrupted: a server has it done by `chat.files.picture_work`, in a
process that can be killed. So nothing here knows of Django.
"""

import errno
import tempfile
import warnings
from collections.abc import Iterator
from typing import IO, Any, Final, NamedTuple

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import get_sampling

from chat.files.picture_colours import ToScreen, eight_bits

_TYPES: Final = {
    "GIF": "image/gif",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # several pictures in one JPEG, as phones make them: the first is the one people see
    "PNG": "image/png",
    "WEBP": "image/webp",
}
OPENED: Final = ("GIF", "JPEG", "PNG", "WEBP")
_ANIMATED: Final = ("GIF", "PNG", "WEBP")
_FRAMES_AT_MOST: Final = 1000
_MAGIC: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
PREVIEW_TYPE: Final = "image/webp"
PREVIEW_SIDE: Final = 800
_SHORTEST_FRAME_MS: Final = 20
HEAD_BYTES: Final = 16
# Said of what is then refused: the exact look is ours.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)


class Unreadable(Exception):
    """Not a picture that anybody could look at; the text says why, for the person."""


class Picture(NamedTuple):
    """A picture made again. Without a preview it is small enough itself, or moves."""

    content_type: str
    width: int
    height: int
    file: IO[bytes]
    preview: IO[bytes] | None


def is_picture(head: bytes) -> bool:
    """Whether a file that begins so is of a kind that is shown in pages."""
    return head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def made_anew(file: IO[bytes], most_pixels: int) -> Picture:
    """Return a copy of nothing but the picture. Raises Unreadable for damaged files and for too many pixels.

    most_pixels: of all frames together; 0: any number.
    """
    # Decoders look at this before they reserve memory, and refuse twice as much.
    Image.MAX_IMAGE_PIXELS = most_pixels or None
    try:
        with Image.open(file, formats=OPENED) as image:
            return _made_anew(image, most_pixels)
    except Unreadable:
        raise
    except Exception as error:  # decoders of hostile files raise whatever comes to them
        if isinstance(error, Image.DecompressionBombError):
            raise _too_many_pixels(most_pixels) from error
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        raise Unreadable("This picture is damaged.") from error


def _made_anew(image: Image.Image, most_pixels: int) -> Picture:
    kind = image.format or ""
    _check_size(image, 1, most_pixels)
    frames = _frames_in(image, most_pixels) if kind in _ANIMATED and not image.info.get("default_image") else 1
    image.seek(0)
    if frames > 1:
        whole, size = _animation(image, kind, frames)
        return Picture(_TYPES[kind], *size, whole, None)
    image.load()
    options = _jpeg_options(image)
    still = ToScreen(image)(ImageOps.exif_transpose(image))
    still.info = {"transparency": still.info["transparency"]} if "transparency" in still.info else {}
    still = _in_a_mode_of(kind, still)
    whole = _saved(still, _TYPES[kind].removeprefix("image/"), **options)
    return Picture(_TYPES[kind], *still.size, whole, _preview(still))


def _check_size(image: Image.Image, frames: int, most_pixels: int) -> None:
    width, height = image.size
    if 0 < most_pixels < width * height * frames:
        raise _too_many_pixels(most_pixels)


def _too_many_pixels(most_pixels: int) -> Unreadable:
    return Unreadable(f"A picture may have {most_pixels:,} pixels at most, all its frames together.")


def _frames_in(image: Image.Image, most_pixels: int) -> int:
    """Count the frames, up to what is allowed: what the file claims may be a lie, or take minutes to find out."""
    for number in range(1, _FRAMES_AT_MOST + 1):
        try:
            image.seek(number)
        except EOFError:
            return number
        _check_size(image, number + 1, most_pixels)
    raise Unreadable(f"An animation may have {_FRAMES_AT_MOST} frames at most.")


def _animation(image: Image.Image, kind: str, frames: int) -> tuple[IO[bytes], tuple[int, int]]:
    durations: list[int] = []
    copies = list(_frames_of(image, frames, durations))
    # Each frame is whole, so nothing of the one before may shine through where it is transparent.
    options: dict[str, Any] = {"GIF": {"disposal": 2}, "PNG": {"disposal": 0, "blend": 0}, "WEBP": {"quality": 85}}[
        kind
    ]
    loop = image.info.get("loop")
    if isinstance(loop, int):
        options["loop"] = loop
    first, *rest = copies
    return _saved(first, kind, save_all=True, append_images=rest, duration=durations, **options), first.size


def _frames_of(image: Image.Image, frames: int, durations: list[int]) -> Iterator[Image.Image]:
    to_screen = ToScreen(image)
    for number in range(frames):
        image.seek(number)
        image.load()
        durations.append(max(_SHORTEST_FRAME_MS, min(int(image.info.get("duration") or 100), 60_000)))
        frame = to_screen(image.convert("RGBA"))
        frame.info = {}
        yield frame


def _jpeg_options(image: Image.Image) -> dict[str, Any]:
    """Return what makes a JPEG come out as good, and as large, as it was."""
    tables = getattr(image, "quantization", None)
    if not tables or image.mode not in ("L", "RGB"):
        return {"quality": 90} if image.format in ("JPEG", "MPO", "WEBP") else {}
    sampling = get_sampling(image) if image.mode == "RGB" else -1
    return {"qtables": tables, "subsampling": sampling if sampling >= 0 else "4:2:0"}


def _in_a_mode_of(kind: str, image: Image.Image) -> Image.Image:
    """Return the picture in a mode that its format can hold; colours of printers become those of screens."""
    has_alpha = image.has_transparency_data
    if kind in ("JPEG", "MPO"):
        return image if image.mode in ("L", "RGB") else image.convert("RGB")
    if kind == "WEBP":
        return image if image.mode in ("RGB", "RGBA") else image.convert("RGBA" if has_alpha else "RGB")
    if kind == "PNG" and image.mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        return image
    if kind == "GIF" and image.mode in ("1", "L", "P"):
        return image
    return image.convert("RGBA" if has_alpha else "RGB")


def _preview(image: Image.Image) -> IO[bytes] | None:
    if max(image.size) <= PREVIEW_SIDE:
        return None
    small = eight_bits(image).convert("RGBA" if image.has_transparency_data else "RGB")
    small.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    small.info = {}
    return _saved(small, "WEBP", quality=80)


def _saved(image: Image.Image, kind: str, **options: Any) -> IO[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by its keeper
    try:
        image.save(file, format=kind, **options)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file
