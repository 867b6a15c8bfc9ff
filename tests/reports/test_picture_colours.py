"""A picture keeps its colours when it is made again without its profile."""

import io
from typing import Any, Final

import pytest
from PIL import Image, ImageCms

from chat.files import pictures

# A matrix profile made here: the primaries of Display P3, Adobe RGB, or a plain curve, as curves and XYZ numbers.
_SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_PROFILES: Final = {
    "Display P3": (
        ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
        _SRGB_CURVE,
    ),
    "Adobe RGB": (((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)), (2.2,)),
    "linear light": (((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)), (1.0,)),
    "gamma 1.8": (((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)), (1.8,)),
}


def s15(value: float) -> bytes:
    return round(value * 65536).to_bytes(4, "big", signed=True)


def curve(parameters: tuple[float, ...]) -> bytes:
    kind = {1: 0, 5: 3}[len(parameters)]
    return b"para\0\0\0\0" + kind.to_bytes(2, "big") + b"\0\0" + b"".join(map(s15, parameters))


def icc(space: bytes, tags: dict[bytes, bytes], kind: bytes = b"mntr", connection: bytes = b"XYZ ") -> bytes:
    described = {b"wtpt": b"XYZ \0\0\0\0" + s15(0.9642) + s15(1.0) + s15(0.8249), **tags}
    table, data = b"", b""
    start = 128 + 4 + 12 * len(described)
    for name, body in described.items():
        padded = body + b"\0" * (-len(body) % 4)
        table += name + (start + len(data)).to_bytes(4, "big") + len(body).to_bytes(4, "big")
        data += padded
    size = start + len(data)
    head = (
        size.to_bytes(4, "big")
        + b"\0" * 4
        + (b"\x02\x40\0\0" if kind == b"prtr" else b"\x04\x30\0\0")
        + kind
        + space
        + connection
    )
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + s15(0.9642) + s15(1.0) + s15(0.8249)
    return head.ljust(128, b"\0") + len(described).to_bytes(4, "big") + table + data


def rgb_profile(name: str) -> bytes:
    primaries, parameters = _PROFILES[name]
    tags = {b"rTRC": curve(parameters), b"gTRC": curve(parameters), b"bTRC": curve(parameters)}
    for colour, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True):
        tags[colour] = b"XYZ \0\0\0\0" + b"".join(map(s15, xyz))
    return icc(b"RGB ", tags)


GREY_PROFILE: Final = icc(b"GRAY", {b"kTRC": curve((1.0,))})


def made(image: Image.Image, kind: str, **options: Any) -> Image.Image:
    file = io.BytesIO()
    image.save(file, format=kind, **options)
    file.seek(0)
    return Image.open(pictures.made_anew(file, 0).file)


def as_screens_show(image: Image.Image, profile: bytes) -> Any:
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    shown = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert shown is not None
    return shown.getpixel((20, 20))


def is_near(given: Any, right: Any) -> bool:
    return all(abs(one - other) <= 4 for one, other in zip(given[:3], right[:3], strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("name", _PROFILES)
def test_colours_stay_what_they_are(name: str, kind: str) -> None:
    image = Image.new("RGB", (40, 40), (200, 60, 40))
    profile = rgb_profile(name)
    right = as_screens_show(image, profile)
    assert not is_near(right, (200, 60, 40)), "the profile matters"
    again = made(image, kind, icc_profile=profile, **({} if kind == "PNG" else {"quality": 95}))
    assert is_near(again.convert("RGB").getpixel((20, 20)), right) and "icc_profile" not in again.info


def test_colours_behind_transparency_stay_too_and_so_does_it() -> None:
    profile = rgb_profile("Display P3")
    right = as_screens_show(Image.new("RGB", (40, 40), (200, 60, 40)), profile)
    clear = Image.new("RGBA", (40, 40), (200, 60, 40, 128))
    for image in (clear, clear.quantize(4)):
        red, green, blue, alpha = made(image, "PNG", icc_profile=profile).convert("RGBA").getpixel((20, 20))  # type: ignore[misc]
        assert is_near((red, green, blue), right) and abs(alpha - 128) <= 1


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "L"), ("PNG", "LA"), ("JPEG", "L")])
def test_grey_stays_what_it_is(kind: str, mode: str) -> None:
    image = Image.new("L", (40, 40), 60)
    right = as_screens_show(image, GREY_PROFILE)
    assert right[0] > 100
    again = made(image.convert(mode), kind, icc_profile=GREY_PROFILE)
    assert again.mode == mode and is_near(again.convert("RGB").getpixel((20, 20)), right)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_every_frame_of_an_animation_keeps_its_colours(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ((200, 60, 40), (40, 200, 60))]
    profile = rgb_profile("Adobe RGB")
    options = {"lossless": True} if kind == "WEBP" else {}
    again = made(frames[0], kind, save_all=True, append_images=frames[1:], icc_profile=profile, duration=100, **options)
    for number, frame in enumerate(frames):
        again.seek(number)
        assert is_near(again.convert("RGB").getpixel((20, 20)), as_screens_show(frame, profile))


def test_a_picture_with_the_profile_of_screens_keeps_every_pixel() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert made(image, "PNG", icc_profile=profile).tobytes() == image.tobytes()


@pytest.mark.parametrize("profile", [b"", b"nonsense", rgb_profile("Display P3")[:200], GREY_PROFILE])
def test_a_profile_that_says_nothing_changes_nothing(profile: bytes) -> None:
    """Broken ones, and one for pictures of another kind."""
    image = Image.new("RGB", (40, 40), (200, 60, 40))
    assert made(image, "PNG", icc_profile=profile).getpixel((20, 20)) == (200, 60, 40)


def printer_profile() -> bytes:
    """A profile of inks that are darker than those of the plain rule: a table with the colours of none and all of each."""
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + b"".join(map(s15, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    inks = bytearray()
    for number in range(16):
        cyan, magenta, yellow, black = (number >> bit & 1 for bit in (3, 2, 1, 0))
        light = 255 - 70 * cyan - 80 * magenta - 20 * yellow
        inks += bytes((light // (6 if black else 1), 128 + 50 * magenta - 30 * cyan, 128 + 80 * yellow - 40 * cyan))
    same = bytes(range(256))
    return icc(b"CMYK", {b"A2B0": table + same * 4 + bytes(inks) + same * 3}, b"prtr", b"Lab ")


INKS: Final = (
    (0, 0, 0, 0),
    (255, 0, 0, 0),
    (0, 255, 0, 0),
    (0, 0, 255, 0),
    (0, 0, 0, 255),
    (0, 200, 220, 20),
    (90, 40, 10, 60),
)


@pytest.mark.parametrize("ink", INKS)
def test_colours_of_printers_become_those_of_screens(ink: tuple[int, int, int, int]) -> None:
    again = made(Image.new("CMYK", (40, 40), ink), "JPEG", quality=95)
    right = [(255 - each) * (255 - ink[3]) / 255 for each in ink[:3]]
    assert again.mode == "RGB" and is_near(again.getpixel((20, 20)), right)


@pytest.mark.parametrize("ink", INKS)
def test_the_profile_of_a_printer_says_what_its_inks_look_like(ink: tuple[int, int, int, int]) -> None:
    image, profile = Image.new("CMYK", (40, 40), ink), printer_profile()
    right = as_screens_show(image, profile)
    again = made(image, "JPEG", quality=95, icc_profile=profile)
    assert again.mode == "RGB" and is_near(again.getpixel((20, 20)), right) and "icc_profile" not in again.info


@pytest.mark.parametrize("profile", [b"", printer_profile()], ids=["no profile", "a profile"])
@pytest.mark.parametrize("has_marker", [True, False])
def test_inks_in_a_file_stand_the_other_way_round_as_adobe_writes_them(profile: bytes, has_marker: bool) -> None:
    """255 is no ink. Browsers, too, read every JPEG of a printer so, whether it has Adobe's marker or not."""
    image = Image.new("CMYK", (40, 40), (0, 200, 220, 20))
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=95, icc_profile=profile)
    given = file.getvalue()
    start = given.index(b"\xff\xee")
    if not has_marker:
        given = given[:start] + given[start + 2 + int.from_bytes(given[start + 2 : start + 4]) :]
    shown = Image.open(pictures.made_anew(io.BytesIO(given), 0).file).getpixel((20, 20))
    assert is_near(shown, as_screens_show(image, profile) if profile else image.convert("RGB").getpixel((20, 20)))


def test_profiles_of_printers_do_not_fit_other_pictures() -> None:
    for mode, colour in (("RGB", (200, 60, 40)), ("L", 60)):
        again = made(Image.new(mode, (40, 40), colour), "PNG", icc_profile=printer_profile())
        assert again.getpixel((20, 20)) == colour
    inks = Image.new("CMYK", (40, 40), (0, 200, 220, 20))
    again = made(inks, "JPEG", quality=95, icc_profile=rgb_profile("Display P3"))
    assert is_near(again.getpixel((20, 20)), inks.convert("RGB").getpixel((20, 20)))


# --- 16 bits of grey, palettes, and grey with the profile of a screen ------------------------------------------------------


@pytest.mark.parametrize("value", [0, 60, 128, 255])
def test_sixteen_bits_of_grey_stay_what_they_are(value: int) -> None:
    deep = Image.new("I;16", (1000, 40), value * 257)
    file = io.BytesIO()
    deep.save(file, format="PNG")
    picture = pictures.made_anew(file, 0)
    assert Image.open(picture.file).getpixel((20, 20)) == value * 257
    assert picture.preview is not None
    assert is_near(Image.open(picture.preview).convert("RGB").getpixel((20, 20)), (value,) * 3)


@pytest.mark.parametrize("value", [0, 60, 128, 255])
def test_sixteen_bits_of_grey_follow_their_profile(value: int) -> None:
    right = as_screens_show(Image.new("L", (40, 40), value), GREY_PROFILE)
    again = made(Image.new("I;16", (40, 40), value * 257), "PNG", icc_profile=GREY_PROFILE)
    assert is_near(again.convert("RGB").getpixel((20, 20)), right)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "L"), ("PNG", "LA"), ("JPEG", "L"), ("PNG", "I;16")])
def test_grey_may_have_the_profile_of_a_screen(kind: str, mode: str) -> None:
    profile = rgb_profile("linear light")
    right = as_screens_show(Image.new("RGB", (40, 40), (60, 60, 60)), profile)
    assert right[0] > 100
    given = Image.new("I;16", (40, 40), 60 * 257) if mode == "I;16" else Image.new("L", (40, 40), 60).convert(mode)
    again = made(given, kind, icc_profile=profile)
    assert again.mode == ("LA" if mode == "LA" else "L")
    assert is_near(again.convert("RGB").getpixel((20, 20)), right)


@pytest.mark.parametrize("clear", [None, 0])
def test_a_palette_follows_the_profile(clear: int | None) -> None:
    profile = rgb_profile("Adobe RGB")
    image = Image.new("RGB", (40, 40), (200, 60, 40))
    given = image.quantize(8)
    options = {} if clear is None else {"transparency": 255}
    again = made(given, "PNG", icc_profile=profile, **options)
    assert is_near(again.convert("RGB").getpixel((20, 20)), as_screens_show(image, profile))


def test_every_grey_frame_of_an_animation_keeps_its_look() -> None:
    frames = [Image.new("L", (40, 40), value) for value in (60, 130)]
    again = made(frames[0], "PNG", save_all=True, append_images=frames[1:], icc_profile=GREY_PROFILE, duration=100)
    for number, frame in enumerate(frames):
        again.seek(number)
        assert is_near(again.convert("RGB").getpixel((20, 20)), as_screens_show(frame, GREY_PROFILE))


def test_black_and_white_stay_black_and_white() -> None:
    for value in (0, 255):
        again = made(Image.new("1", (40, 40), value), "PNG", icc_profile=GREY_PROFILE)
        assert again.convert("L").getpixel((20, 20)) == value
