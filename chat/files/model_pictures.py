"""Pictures as a model sees them: one frame, upright, in the colours of screens, no larger than it makes use of.

Like `chat.files.pictures`, it may use much memory and time, and runs in a process that can be killed.
"""

import io
from typing import IO, Final

from PIL import Image, ImageOps, ImageStat

from chat.files import model_sizes
from chat.files.picture_colours import ToScreen, eight_bits
from chat.files.pictures import OPENED, Unreadable

JPEG: Final = "image/jpeg"
PNG: Final = "image/png"
# Of a drawing or a screenshot without loss; a photograph takes more, and loses nothing that a model sees.
_LOSSLESS_BYTES: Final = 1_000_000
_LOSSLESS: Final = ("GIF", "PNG")
_QUALITY: Final = 90
_WHITE: Final = (255, 255, 255)
_DARK: Final = (32, 32, 32)
_LIGHT: Final = 200


def for_model(file: IO[bytes], most_pixels: int) -> bytes:
    """Return a picture as it is sent to a model. The same file always gives the same bytes: calls are cached by them."""
    Image.MAX_IMAGE_PIXELS = most_pixels or None
    try:
        with Image.open(file, formats=OPENED) as image:
            return _encoded(_still(image), is_lossless=image.format in _LOSSLESS)
    except Exception as error:  # decoders of hostile files raise whatever comes to them
        raise Unreadable("This picture is damaged.") from error


def type_of(data: bytes) -> str:
    """Return the type of what `for_model` has made."""
    return PNG if data.startswith(b"\x89PNG") else JPEG


def _still(image: Image.Image) -> Image.Image:
    image.seek(0)
    wanted = model_sizes.for_model(*image.size)
    if image.format == "JPEG":
        image.draft(None, wanted)  # decodes a large photograph at half its size or less
    image.load()
    still = eight_bits(ToScreen(image)(ImageOps.exif_transpose(image)))
    still = (
        _on_ground(still) if still.has_transparency_data else still.convert("L" if still.mode in ("1", "L") else "RGB")
    )
    size = wanted if (still.width > still.height) == (wanted.width > wanted.height) else (wanted.height, wanted.width)
    return still.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0) if still.size != size else still


def _on_ground(image: Image.Image) -> Image.Image:
    """Return a picture without its transparency, on a ground on which it can be seen: models may take black for it."""
    image = image.convert("RGBA")
    alpha = image.getchannel("A")
    is_light = alpha.getbbox() is not None and ImageStat.Stat(image.convert("L"), mask=alpha).mean[0] > _LIGHT
    ground = Image.new("RGBA", image.size, _DARK if is_light else _WHITE)
    return Image.alpha_composite(ground, image).convert("RGB")


def _encoded(image: Image.Image, *, is_lossless: bool) -> bytes:
    image.info = {}
    if is_lossless:
        data = _saved(image, "PNG")
        if len(data) <= _LOSSLESS_BYTES:
            return data
    return _saved(image, "JPEG", quality=_QUALITY, subsampling=0)


def _saved(image: Image.Image, kind: str, **options: int) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()
