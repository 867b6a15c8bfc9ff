"""Colours of pictures as screens show them: what a profile says is worked into the pixels, for the profile is not kept."""

import io
from typing import Final

from PIL import Image, ImageCms

# Of a conversion that changes no colour by more, the rounding would do more harm than good: the profile is sRGB itself.
_UNCHANGED: Final = 1
_LEVELS: Final = (0, 36, 73, 109, 146, 182, 219, 255)
_SRGB: Final = ImageCms.createProfile("sRGB")
# What is converted in which mode; pictures with a palette become what their palette holds.
_OF_GREY: Final = {"L": "L", "LA": "L", "1": "", "I;16": ""}


class ToScreen:
    """Converts a picture, or its frames, from its own profile to sRGB; a broken one, or none, changes nothing."""

    def __init__(self, image: Image.Image) -> None:
        self._profile = _profile_of(image)
        self._transforms: dict[str, ImageCms.ImageCmsTransform | None] = {}

    def __call__(self, image: Image.Image) -> Image.Image:
        if self._profile is None:
            return image
        mode = _colour_mode(image)
        transform = self._transform(mode) if mode else None
        if transform is None:
            return image
        if not image.has_transparency_data:
            converted = transform.apply(image if image.mode == mode else image.convert(mode))
            return converted.convert("L") if mode == "L" else converted
        whole = image.convert("LA" if mode == "L" else "RGBA")
        converted = transform.apply(whole.convert(mode))
        converted = converted.convert("L") if mode == "L" else converted
        converted.putalpha(whole.getchannel("A"))
        return converted

    def _transform(self, mode: str) -> ImageCms.ImageCmsTransform | None:
        if mode not in self._transforms:
            self._transforms[mode] = self._made(mode)
        return self._transforms[mode]

    def _made(self, mode: str) -> ImageCms.ImageCmsTransform | None:
        assert self._profile is not None  # noqa: S101 - looked at before
        try:
            transform = ImageCms.buildTransform(self._profile, _SRGB, mode, "RGB")
            return transform if mode == "CMYK" or _changes(transform, mode) else None
        except (ImageCms.PyCMSError, ValueError):  # a profile of another kind of picture
            return None


def _profile_of(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    profile = image.info.get("icc_profile")
    if not profile:
        return None
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(profile))
    except (OSError, ImageCms.PyCMSError):
        return None


def _colour_mode(image: Image.Image) -> str:
    if image.mode in _OF_GREY:
        return _OF_GREY[image.mode]
    return "CMYK" if image.mode == "CMYK" else "RGB"


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    colours = [(r, g, b) for r in _LEVELS for g in _LEVELS for b in _LEVELS] if mode == "RGB" else list(range(256))
    sample = Image.new(mode, (len(colours), 1))
    sample.putdata(colours)
    pairs = zip(sample.convert("RGB").tobytes(), transform.apply(sample).tobytes(), strict=True)
    return any(abs(before - after) > _UNCHANGED for before, after in pairs)
