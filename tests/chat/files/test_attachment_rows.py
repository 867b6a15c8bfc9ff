"""What an uploaded file is taken for, and what is left of it: pixels of pictures, and names without tricks."""

import io
import tempfile
import time
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from chat.bounded import pool
from chat.bounded.child import Status
from chat.bounded.process import Response
from chat.files import picture_work, pictures, uploads
from chat.files.legible import PDF
from chat.files.text_files import CHUNK_BYTES
from chat.files.uploads import ANYTHING, Upload
from chat.models.attachment import NAME_CHARS
from chat.protocol.errors import ErrorCode, ProtocolError
from tests.chat import sample_files


def inspected(content: bytes, name: str = "file") -> Upload:
    return uploads.inspect(io.BytesIO(content), name)


def refusal(content: bytes, name: str = "file.png") -> str:
    with pytest.raises(ProtocolError) as caught:
        inspected(content, name)
    assert caught.value.code == ErrorCode.VALIDATION_ERROR
    assert caught.value.details == {"path": "$.file"}
    return caught.value.message


def kept(upload: Upload) -> Image.Image:
    return Image.open(upload.file)


# --- Types ----------------------------------------------------------------------------------------------------------


TEXT = "text/plain; charset=utf-8"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_is_known_by_its_content(kind: str) -> None:
    upload = inspected(sample_files.picture(kind), "notes.txt")
    assert (upload.content_type, upload.name) == (f"image/{kind.lower()}", "notes.txt")
    assert (upload.width, upload.height) == (60, 40)
    image = kept(upload)
    assert (image.format, image.size) == (kind, (60, 40))
    red, green, blue = image.convert("RGB").crop((30, 20, 31, 21)).tobytes()
    assert max(abs(red - 200), abs(green - 30), abs(blue - 40)) < 12


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"hello\n", TEXT),
        ("grüße 👋\r\n\ttab\x1b[0m".encode(), TEXT),
        (b"<!doctype html><script>alert(1)</script>", TEXT),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', TEXT),
        (b"%PDF-1.7\n%\xe2\xe3", PDF),
        (b"PK\x03\x04rest of a zip", ANYTHING),
        (b"text with a \x00 NUL", ANYTHING),
        (b"\xff\xfeU\x00T\x00F\x001\x006\x00", "text/plain; charset=utf-16"),
        (b"BM not one of the pictures that are shown", TEXT),
        (b"BM\x36\x00\x00\x00", ANYTHING),
    ],
)
def test_what_is_no_picture_is_text_a_pdf_or_just_a_file(content: bytes, content_type: str) -> None:
    upload = inspected(content, "image.png")
    assert (upload.content_type, upload.width, upload.height, upload.preview) == (content_type, None, None, None)
    assert upload.file.read() == content
    assert upload.size == len(content)


def test_a_character_may_lie_across_two_pieces_of_a_text() -> None:
    content = b"a" * (CHUNK_BYTES - 1) + "ü".encode()
    assert inspected(content).content_type == TEXT


def test_nothing_is_no_file() -> None:
    assert refusal(b"") == "This file is empty."


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(settings: Any) -> None:
    settings.UPLOAD_BYTES = 1000
    assert inspected(b"a" * 1000).size == 1000
    assert "1,000 bytes" in refusal(b"a" * 1001)
    settings.UPLOAD_BYTES = 0
    assert inspected(b"a" * 1001).size == 1001


# --- Pictures made again ---------------------------------------------------------------------------------------------


def exif() -> Image.Exif:
    found = Image.Exif()
    found[0x010E] = sample_files.SECRET
    found[0x0112] = 6  # turned by a quarter
    return found


@pytest.mark.parametrize(
    "content",
    [
        sample_files.picture(
            "JPEG", exif=exif(), comment=sample_files.SECRET.encode(), xmp=sample_files.SECRET.encode()
        ),
        sample_files.picture("JPEG", icc_profile=sample_files.SECRET.encode()),
        sample_files.picture("PNG", exif=exif()),
        sample_files.png_of(
            sample_files.png_header(1, 1),
            (b"tEXt", b"Comment\0" + sample_files.SECRET.encode()),
            (b"prVt", sample_files.SECRET.encode()),
            (b"IDAT", zlib.compress(b"\0abc")),
            (b"IEND", b""),
        ),
        sample_files.picture(
            "WEBP", exif=exif(), xmp=sample_files.SECRET.encode(), icc_profile=sample_files.SECRET.encode()
        ),
        sample_files.picture("GIF", comment=sample_files.SECRET.encode()),
        *(sample_files.picture(kind) + sample_files.SECRET.encode() for kind in ("PNG", "JPEG", "GIF", "WEBP")),
    ],
)
def test_nothing_hidden_in_a_picture_is_kept(content: bytes) -> None:
    assert sample_files.SECRET.encode() in content
    kept_bytes = inspected(content).file.read()
    assert sample_files.SECRET.encode() not in kept_bytes
    assert b"Exif" not in kept_bytes


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_colour_profile_of_a_device_is_not_kept(kind: str) -> None:
    content = sample_files.picture(kind, icc_profile=b"a device of its own")
    assert "icc_profile" in Image.open(io.BytesIO(content)).info
    assert "icc_profile" not in kept(inspected(content)).info


def test_nothing_hidden_in_an_animation_is_kept() -> None:
    frames = [Image.new("RGB", (9, 9), (number * 90, 0, 0)) for number in range(3)]
    content = sample_files.saved(
        frames[0], "GIF", save_all=True, append_images=frames[1:], comment=sample_files.SECRET.encode(), duration=50
    )
    assert sample_files.SECRET.encode() in content
    assert sample_files.SECRET.encode() not in inspected(content).file.read()


def test_a_turned_photograph_is_kept_upright() -> None:
    upload = inspected(sample_files.picture("JPEG", 60, 40, exif=exif()))
    assert (upload.width, upload.height) == (40, 60)
    assert kept(upload).size == (40, 60)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "CMYK"),
        ("JPEG", "L"),
        ("PNG", "P"),
        ("PNG", "LA"),
        ("PNG", "RGBA"),
        ("PNG", "1"),
        ("PNG", "I;16"),
        ("GIF", "L"),
        ("WEBP", "RGBA"),
    ],
)
def test_a_picture_of_any_mode_is_kept(kind: str, mode: str) -> None:
    is_deep = mode == "I;16"
    content = sample_files.saved(Image.new(mode, (9, 9)), kind) if is_deep else sample_files.picture(kind, mode=mode)
    upload = inspected(content)
    assert upload.content_type == f"image/{kind.lower()}"
    kept(upload).load()


def test_what_was_transparent_stays_so() -> None:
    image = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    image.putpixel((4, 4), (255, 0, 0, 255))
    for kind in ("PNG", "WEBP", "GIF"):
        found = kept(inspected(sample_files.saved(image, kind))).convert("RGBA")
        assert found.getchannel("A").getpixel((0, 0)) == 0, kind
        assert found.getchannel("A").getpixel((4, 4)) == 255, kind


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_an_animation_goes_on_moving(kind: str) -> None:
    upload = inspected(sample_files.animation(kind, frames=4))
    image = kept(upload)
    assert getattr(image, "n_frames", 1) == 4
    assert upload.preview is None
    colours = set()
    for number in range(4):
        image.seek(number)
        image.load()
        assert image.info["duration"] == 120
        colours.add(image.convert("RGB").getpixel((5, 5)))
    assert len(colours) == 4


def test_a_jpeg_gets_neither_much_worse_nor_much_larger() -> None:
    content = sample_files.saved(Image.effect_noise((400, 300), 60).convert("RGB"), "JPEG", quality=60)
    assert inspected(content).size < 1.1 * len(content)


def test_the_first_picture_of_several_in_a_jpeg_is_kept() -> None:
    first, second = (Image.new("RGB", (20, 10), colour) for colour in ("red", "blue"))
    upload = inspected(sample_files.saved(first, "MPO", save_all=True, append_images=[second]))
    assert upload.content_type == "image/jpeg"
    assert kept(upload).format == "JPEG"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_large_picture_has_a_preview_of_bounded_size(kind: str) -> None:
    upload = inspected(sample_files.picture(kind, 2000, 500))
    assert (upload.width, upload.height) == (2000, 500)
    assert upload.preview is not None
    preview = Image.open(upload.preview)
    assert (preview.format, preview.size) == ("WEBP", (pictures.PREVIEW_SIDE, 200))


def test_a_small_picture_needs_no_preview() -> None:
    side = pictures.PREVIEW_SIDE
    assert inspected(sample_files.picture("PNG", side, side)).preview is None


# --- Hostile pictures -----------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_too_many_pixels_is_refused_unseen(settings: Any) -> None:
    settings.UPLOAD_PIXELS = 1000
    assert inspected(sample_files.picture("PNG", 50, 20)).size > 0
    assert "1,000 pixels" in refusal(sample_files.picture("PNG", 51, 20))
    # Twice as many are refused by the decoder already.
    assert "1,000 pixels" in refusal(sample_files.picture("PNG", 100, 200))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [7_000, 30_000, 2**31 - 1])
def test_a_small_file_that_claims_to_be_a_huge_picture_is_refused(side: int) -> None:
    refusal(sample_files.png_that_claims(side, side))


def test_the_frames_of_an_animation_count_together(settings: Any) -> None:
    settings.UPLOAD_PIXELS = 30 * 20 * 3
    assert inspected(sample_files.animation("GIF", frames=3)).width == 30
    for kind in ("GIF", "WEBP", "PNG"):
        assert "pixels" in refusal(sample_files.animation(kind, frames=4)), kind


def test_an_animation_has_a_bounded_number_of_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_FRAMES_AT_MOST", 3)
    assert inspected(sample_files.animation("GIF", frames=3)).width == 30
    assert "3 frames" in refusal(sample_files.animation("GIF", frames=4))


def test_a_frame_that_is_larger_than_its_picture_is_refused() -> None:
    refusal(sample_files.gif_with_a_frame_beyond(20_000, 20_000))


def test_a_bomb_beside_the_pixels_does_not_go_off() -> None:
    bomb = sample_files.png_with_a_bomb()
    assert len(bomb) < 1_000_000
    assert refusal(bomb) == "This picture is damaged."


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_damaged_picture_is_refused_and_not_kept_as_it_is(kind: str) -> None:
    whole = sample_files.picture(kind, 300, 300, **({"exif": exif()} if kind == "JPEG" else {}))
    assert refusal(whole[: len(whole) // 2])
    assert refusal(whole[:16])


@given(st.binary(max_size=400), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.integers(12, 200))
def test_whatever_stands_in_a_picture_it_is_kept_or_refused(noise: bytes, kind: str, at: int) -> None:
    whole = sample_files.picture(kind)
    content = whole[:at] + noise + whole[at + len(noise) :]
    code = None
    try:
        inspected(content).close()
    except ProtocolError as error:
        code = error.code
    assert code in (None, ErrorCode.VALIDATION_ERROR)


def test_a_picture_that_grows_far_beyond_the_limit_is_refused(settings: Any) -> None:
    content = sample_files.saved(Image.effect_noise((300, 300), 90), "WEBP", quality=1)
    settings.UPLOAD_BYTES = len(content)
    assert "bytes" in refusal(content)


def test_a_picture_that_is_also_a_page_is_only_a_picture() -> None:
    page = b"<script>alert(document.domain)</script>"
    content = sample_files.picture("GIF", comment=page) + page
    upload = inspected(content, "page.html")
    assert upload.content_type == "image/gif"
    assert b"script" not in upload.file.read()


# --- Names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "kept_name"),
    [
        ("report.pdf", "report.pdf"),
        ("  my   holiday\tphoto.jpg ", "my holidayphoto.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/absolute/path", "path"),
        ("..", "file"),
        ("", "file"),
        ("\x00", "file"),
        ("a\x00b.txt", "ab.txt"),
        ("line\r\nSet-Cookie: a=b.txt", "lineSet-Cookie: a=b.txt"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("zero\u200bwidth\u2066.txt", "zerowidth.txt"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("u\u0308ber.txt", "über.txt"),
        (".hidden", ".hidden"),
        ("dots...", "dots"),
        ('quote".txt', 'quote".txt'),
    ],
)
def test_a_name_loses_its_tricks(given_name: str, kept_name: str) -> None:
    assert uploads.safe_name(given_name) == kept_name


def test_a_long_name_keeps_its_ending() -> None:
    name = uploads.safe_name("n" * 500 + ".tar.gz")
    assert len(name) == NAME_CHARS
    assert name.endswith("n.gz")
    assert len(uploads.safe_name("a." + "b" * 500)) == NAME_CHARS


@given(st.text(max_size=300))
def test_every_name_can_be_stored_and_shown(name: str) -> None:
    safe = uploads.safe_name(name)
    assert 0 < len(safe) <= NAME_CHARS
    assert safe.encode()
    assert ("/" not in safe and safe.rstrip(". ").lstrip() == safe) or len(safe) == NAME_CHARS
    assert uploads.safe_name(safe) == safe or len(safe) == NAME_CHARS


def test_a_long_name_of_marks_takes_no_time_by_the_square_of_its_length() -> None:
    began = time.process_time()
    uploads.safe_name("a" + "\u0323\u0301" * 500_000 + ".png")
    assert time.process_time() - began < 1


# --- In a process of its own ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [sample_files.picture("PNG", 1000, 500), sample_files.picture("JPEG"), sample_files.animation("GIF")]
)
@pytest.mark.parametrize("is_in_memory", [True, False])
async def test_a_server_makes_pictures_anew_in_another_process(content: bytes, is_in_memory: bool) -> None:
    with io.BytesIO(content) if is_in_memory else tempfile.TemporaryFile() as file:
        if not is_in_memory:
            file.write(content)
            file.flush()
        made = await picture_work.made_anew(file, "alice")
        file.seek(0)
        upload, here = uploads.inspect(file, "a.png", made), inspected(content, "a.png")
    assert upload[:3] == here[:3] and (upload.width, upload.height) == (here.width, here.height)
    assert upload.file.read() == here.file.read()
    assert (upload.preview is None) == (here.preview is None)
    if upload.preview is not None and here.preview is not None:
        assert upload.preview.read() == here.preview.read()
    upload.close()


async def test_what_another_process_refuses_is_told_as_if_it_were_here(settings: Any) -> None:
    settings.UPLOAD_PIXELS = 100
    for content in (sample_files.picture("PNG"), sample_files.picture("PNG")[:-40]):
        with pytest.raises(ProtocolError) as caught:
            await picture_work.made_anew(io.BytesIO(content), "alice")
        assert (caught.value.code, caught.value.message) == (ErrorCode.VALIDATION_ERROR, refusal(content))


async def test_a_picture_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_work, "_SECONDS", 0.05)
    slow = sample_files.picture("WEBP", 4000, 3000)
    with pytest.raises(ProtocolError, match="takes too long") as caught:
        await picture_work.made_anew(io.BytesIO(slow), "mallory")
    assert caught.value.details == {"path": "$.file"}
    monkeypatch.undo()
    made = await picture_work.made_anew(io.BytesIO(sample_files.picture("PNG")), "alice")
    assert made.content_type == "image/png"
    made.file.close()


@pytest.mark.parametrize(
    ("is_own", "code"), [(True, ErrorCode.RATE_LIMITED), (False, ErrorCode.UNAVAILABLE)], ids=["own", "all"]
)
async def test_only_so_many_pictures_wait(monkeypatch: pytest.MonkeyPatch, is_own: bool, code: ErrorCode) -> None:
    async def full(*_: Any) -> Any:
        raise pool.Full(is_own=is_own)

    monkeypatch.setattr(pool, "run", full)
    with pytest.raises(ProtocolError) as caught:
        await picture_work.made_anew(io.BytesIO(sample_files.picture("PNG")), "alice")
    assert caught.value.code is code


async def test_a_full_disk_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> Any:
        return Response(Status.DONE, 0.0, b'{"errno": 28}')

    monkeypatch.setattr(pool, "run", full)
    with pytest.raises(OSError, match="No space left"):
        await picture_work.made_anew(io.BytesIO(sample_files.picture("PNG")), "alice")
