"""Colours of pictures as screens show them: what a profile says is worked into the pixels, for the profile is not kept."""

import io
from typing import Final

from PIL import Image, ImageCms

# Of a conversion that changes no colour by more, the rounding would do more harm than good: the profile is sRGB itself.
_UNCHANGED: Final = 1
_LEVELS: Final = (0, 36, 73, 109, 146, 182, 219, 255)
_SRGB: Final = ImageCms.createProfile("sRGB")
_GREY: Final = ("L", "LA", "I;16")
_PRINTERS: Final = "CMYK"


def eight_bits(image: Image.Image) -> Image.Image:
    """Return a picture of 16 bits of grey in eight: the library cuts off what is brighter than 255 of 65,535."""
    if image.mode != "I;16":
        return image
    made = Image.frombytes("L", image.size, image.tobytes()[1::2])
    if isinstance(clear := image.info.get("transparency"), int):
        made.info["transparency"] = clear >> 8
    return made


class ToScreen:
    """Converts a picture, or its frames, from its own profile to sRGB; a broken one, or none, changes nothing."""

    def __init__(self, image: Image.Image) -> None:
        self._profile = _profile_of(image)
        self._is_grey = image.mode in _GREY
        self._mode = _mode_for(image, self._profile)
        self._transforms: dict[str, ImageCms.ImageCmsTransform | None] = {}

    def __call__(self, image: Image.Image) -> Image.Image:
        transform = self._transform(self._mode) if self._mode else None
        if transform is None:
            return image
        image = eight_bits(image)
        if not image.has_transparency_data:
            return self._converted(image, transform)
        whole = image.convert("LA" if self._mode == "L" else "RGBA")
        converted = self._converted(whole, transform)
        converted.putalpha(whole.getchannel("A"))
        return converted

    def _converted(self, image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
        converted = transform.apply(image if image.mode == self._mode else image.convert(self._mode))
        return converted.convert("L") if self._is_grey else converted

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


def _mode_for(image: Image.Image, profile: ImageCms.ImageCmsProfile | None) -> str:
    """Return the mode of the colours that the profile speaks of, or "" if they are not those of the picture.

    Pictures with a palette become what their palette holds, and grey may have the profile of a screen.
    """
    space = profile.profile.xcolor_space.strip() if profile else ""
    if image.mode == _PRINTERS or space == _PRINTERS:
        return _PRINTERS if image.mode == space else ""
    if space == "GRAY":
        return "L" if image.mode in _GREY else ""
    return "RGB" if space == "RGB" and image.mode != "1" else ""


def _changes(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    colours = [(r, g, b) for r in _LEVELS for g in _LEVELS for b in _LEVELS] if mode == "RGB" else list(range(256))
    sample = Image.new(mode, (len(colours), 1))
    sample.putdata(colours)
    pairs = zip(sample.convert("RGB").tobytes(), transform.apply(sample).tobytes(), strict=True)
    return any(abs(before - after) > _UNCHANGED for before, after in pairs)
