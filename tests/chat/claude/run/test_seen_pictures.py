"""Pictures in calls of Claude, with the real SDK against the fake, which refuses what Anthropic refuses."""

import asyncio
import base64
import gc
import io
import random
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image

from chat import known_models
from chat.claude.backends import client, sending
from chat.claude.reading import files
from chat.claude.run import carrying, sources
from chat.files import for_models, model_sizes
from chat.known_models import KnownModel
from chat.lifetime import part
from chat.messages import changes
from chat.models import Attachment, Message
from chat.protocol import requests
from chat.realtime.database import in_database
from fake_claude import FakeClaude, Normal, Seen, ToolUse
from fake_claude.content import tokens_of
from tests.chat.claude.desk import Desk, open_desk
from tests.reports.seen_pictures import BLUE, CASES, RED, Case, quarters, saved

pytestmark = pytest.mark.django_db(transaction=True)
CLOSE = 12


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def blocks_of(seen: Seen, turn: int = -1) -> list[dict[str, Any]]:
    return list(seen.body["messages"][turn]["content"])


def pictures_in(seen: Seen) -> list[dict[str, Any]]:
    every = [block for turn in seen.body["messages"] for block in turn["content"]]
    return [block for block in every if block["type"] == "image"]


def opened(block: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(block["source"]["data"])))


def text_of(seen: Seen) -> str:
    every = [block for turn in seen.body["messages"] for block in turn["content"]]
    return "\n".join(block["text"] for block in every if block["type"] == "text")


def one_colour(side: int, colour: tuple[int, ...] = RED) -> bytes:
    return saved(Image.new("RGB", (side, side), colour), "PNG")


async def delete(desk: Desk, message: int) -> None:
    await in_database(changes.delete_message, desk.alice, requests.DeleteMessage(message=str(message)))


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_model_sees_what_people_see(case: Case, fake: FakeClaude) -> None:
    async with open_desk() as desk:
        reply = await desk.ask("What is this?", await desk.upload(case.make(), "it.png"))

    assert reply.text.startswith("You wrote: "), reply.error_detail
    (block,) = pictures_in(fake.requests[0])
    assert block["source"]["media_type"] == case.media_type
    image = opened(block)
    assert image.size == case.size and "exif" not in image.info and "icc_profile" not in image.info
    width, height = image.size
    places = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    found = [pixel for place in places if isinstance(pixel := image.convert("RGB").getpixel(place), tuple)]
    for colour, wanted in zip(found, case.colours, strict=True):
        assert all(abs(a - b) <= CLOSE for a, b in zip(colour, wanted, strict=True)), (found, case.colours)


async def test_pictures_stand_before_the_words_of_their_message_each_behind_its_number(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        red, blue = await desk.upload(one_colour(30), "red.png"), await desk.upload(one_colour(40, BLUE), "blue.png")
        await desk.ask("Compare these", red, blue)
        await desk.ask("And now?")

    for seen, last in ((fake.requests[0], "Compare these"), (fake.requests[1], "And now?")):
        blocks = [block for turn in seen.body["messages"] for block in turn["content"]]
        kinds = [block["type"] for block in blocks]
        assert kinds[:5] == ["text", "image", "text", "image", "text"]
        assert [blocks[0]["text"], blocks[2]["text"]] == [
            f"[Of message 1, attachment {each.pk}:]" for each in (red, blue)
        ]
        assert [opened(blocks[at]).size for at in (1, 3)] == [(30, 30), (40, 40)]
        assert "> Compare these" in blocks[4]["text"] and last in text_of(seen)


async def test_each_call_sends_the_same_bytes_and_finds_them_in_the_cache(fake: FakeClaude, settings: Any) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(saved(quarters(2000, 1500), "JPEG"), "it.jpg")
        first = await desk.ask("What is this? " * 200, picture)
        second = await desk.ask("And this?", await desk.upload(one_colour(30)))
        third = await desk.ask("So?")

    sent = [pictures_in(seen)[0] for seen in fake.requests]
    assert sent[0] == sent[1] == sent[2]
    assert first.cache_read_input_tokens == 0
    assert second.cache_read_input_tokens > 1_500 and third.cache_read_input_tokens > second.cache_read_input_tokens


async def test_a_picture_is_made_for_the_model_once(fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(one_colour(30))
        await desk.ask("What is this?", picture)
        row = await in_database(Attachment.objects.get, pk=picture.pk)
        assert for_models.kept(row) == base64.b64decode(pictures_in(fake.requests[0])[0]["source"]["data"])
        monkeypatch.setattr(for_models, "original", None)  # a second look at it would fail
        await desk.ask("And now?")
        assert len(pictures_in(fake.requests[1])) == 1
        # With its message, all that was made of it goes.
        await delete(desk, (await in_database(Message.objects.get, seq=1)).pk)
        assert not default_storage.exists(str(row.for_model.name)) and not default_storage.exists(str(row.file.name))


async def test_what_was_made_is_made_again_when_the_storage_has_lost_it(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(one_colour(30))
        await desk.ask("What is this?", picture)
        row = await in_database(Attachment.objects.get, pk=picture.pk)
        default_storage.delete(str(row.for_model.name))
        await desk.ask("And now?")
        assert default_storage.exists(str(row.for_model.name))
    assert pictures_in(fake.requests[0]) == pictures_in(fake.requests[1])


@pytest.mark.parametrize("damage", ["emptied", "garbage", "lost"])
async def test_a_picture_that_cannot_be_read_is_told_of_and_the_reply_goes_on(damage: str, fake: FakeClaude) -> None:
    async with open_desk() as desk:
        picture = await desk.upload(one_colour(30))
        default_storage.delete(picture.file.name or "")
        if damage != "lost":
            content = b"" if damage == "emptied" else b"\x89PNG\r\n\x1a\n" + b"x" * 99
            default_storage.save(picture.file.name, ContentFile(content))
        reply = await desk.ask("What is this?", picture)

    assert reply.text.startswith("You wrote: ") and not pictures_in(fake.requests[0])
    said = sources._GONE if damage == "lost" else sources._DAMAGED
    assert said in text_of(fake.requests[0])


async def test_a_deleted_message_takes_its_pictures_with_it(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this?", await desk.upload(one_colour(30)))
        await delete(desk, (await in_database(Message.objects.get, seq=1)).pk)
        await desk.ask("And now?")
    assert pictures_in(fake.requests[0]) and not pictures_in(fake.requests[1])


async def test_a_picture_that_is_deleted_between_two_calls_of_a_reply_is_not_sent_again(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        await desk.ask("What is this?", await desk.upload(one_colour(30)))
        fake.will(ToolUse("list_members", text="I look. " * 5, pause_s=0.2, then=Normal("Done.")))
        await desk.post("Who is here?")
        assert await fake.until(lambda fake: len(fake.requests) == 2)
        await delete(desk, (await in_database(Message.objects.get, seq=1)).pk)
        reply = await desk.end()
    assert [len(pictures_in(seen)) for seen in fake.requests] == [1, 1, 0]
    assert carrying._GONE in text_of(fake.requests[2]) and reply.text.endswith("Done.")


async def test_older_pictures_that_do_not_fit_are_named_and_the_tool_shows_them(
    fake: FakeClaude, settings: Any
) -> None:
    settings.CLAUDE_CONTEXT_TOKENS = 10_000
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["read_attachment"])
        pictures = [await desk.upload(one_colour(1_072 + number)) for number in range(5)]
        for number, picture in enumerate(pictures[:4]):
            await desk.ask(f"Picture {number}", picture)
        fake.will(ToolUse("read_attachment", {"attachment": pictures[0].pk}, then=Normal("I see.")))
        reply = await desk.ask("The first once more", pictures[4])

    before, after = fake.requests[-2:]
    assert (
        len(pictures_in(before)) in (2, 3)
        and opened(pictures_in(before)[-1]).size == opened(pictures_in(before)[0]).size
    )
    lines = [line for line in text_of(before).splitlines() if line.startswith("attachment ")]
    assert sum(files.NO_ROOM in line for line in lines) == 5 - len(pictures_in(before))
    assert lines[0].endswith(files.NO_ROOM) and files.NO_ROOM not in lines[-1]
    (result,) = blocks_of(after)
    assert [block["type"] for block in result["content"]] == ["text", "image"]
    assert reply.text == "I see." and reply.tools[0]["result"] == 'looked at "file"'


async def test_a_call_never_carries_more_than_the_api_takes(fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_desk() as desk:
        await desk.ask("What is this?", await desk.upload(one_colour(30)))
        one = len(pictures_in(fake.requests[0])[0]["source"]["data"])
        monkeypatch.setattr(carrying, "MOST_BYTES", one * 9 // 8)
        await desk.ask("And this?", await desk.upload(one_colour(30, BLUE)))
    (newest,) = pictures_in(fake.requests[1])
    assert opened(newest).getpixel((0, 0)) == BLUE and carrying._TOO_MUCH in text_of(fake.requests[1])


async def test_a_model_that_cannot_see_is_told_so(fake: FakeClaude, monkeypatch: pytest.MonkeyPatch) -> None:
    known = KnownModel("claude-sonnet-5-5", "Sonnet", pictures=False)
    monkeypatch.setattr(part(known_models.Listed), "models", {known.id: known})
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["read_attachment"])
        picture = await desk.upload(one_colour(30))
        fake.will(ToolUse("read_attachment", {"attachment": picture.pk}, then=Normal("I can't.")))
        await desk.ask("What is this?", picture)
    assert not any(pictures_in(seen) for seen in fake.requests) and files.NO_PICTURES in text_of(fake.requests[0])
    (result,) = blocks_of(fake.requests[1])
    assert files.NO_PICTURES in result["content"]


async def test_what_pictures_cost_is_counted_before_they_are_read(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        sizes = [(30, 30), (4000, 3000), (3440, 1440), (800, 9000), (1072, 1072), (28, 28)]
        pictures = [await desk.upload(saved(quarters(*size), "PNG")) for size in sizes[:5]]
        await desk.ask("What is this?", *pictures)
    sent = pictures_in(fake.requests[0])
    for block, size in zip(sent, sizes, strict=False):
        assert tokens_of(block) <= model_sizes.tokens(*size) <= tokens_of(block) * 1.1 + 30


@pytest.mark.parametrize("hours", [0, 24])
async def test_no_stream_holds_the_bytes_that_it_has_sent(
    hours: int, fake: FakeClaude, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CLAUDE_FILES_HOURS = hours
    opened_streams: list[Any] = []

    def forget(events: Any) -> None:
        sending.forget_what_was_sent(events)
        opened_streams.append(events)

    monkeypatch.setattr(client, "forget_what_was_sent", forget)
    fake.default = Normal("word " * 50, pause_s=0.05)
    noise = Image.frombytes("RGB", (1000, 1000), random.Random(1).randbytes(3_000_000))
    async with open_desk() as desk:
        await desk.post("What is this?", await desk.upload(saved(noise, "PNG")))
        assert await fake.until(lambda fake: bool(fake.requests) and fake.requests[0].deltas > 2)
        uploaded = sum(len(kept.data) for kept in fake.files.kept.values())
        assert fake.requests[0].body_bytes + uploaded > 1_000_000 and bool(uploaded) is bool(hours)
        assert _largest_held_by(opened_streams[0]) < 100_000
        await desk.end()


def _largest_held_by(events: Any) -> int:
    """Return the length of the largest text or bytes that can be reached from a stream, through all that it refers to."""
    seen, waiting, largest = {id(events)}, [events], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, str | bytes | bytearray):
            largest = max(largest, len(each))
        # Not into modules, classes and frames: through these, everything can be reached.
        elif not isinstance(each, ModuleType | type | FrameType | FunctionType | asyncio.AbstractEventLoop):
            more = [other for other in gc.get_referents(each) if id(other) not in seen]
            seen.update(map(id, more))
            waiting += more
    return largest


async def test_calls_with_files_wait_for_their_share_in_their_order() -> None:
    gate = sending.Gate(most=100)
    order: list[str] = []

    async def call(name: str, share: int) -> None:
        async with gate.admitted(share):
            order.append(name)
            await asyncio.sleep(0.02)

    calls = {
        name: asyncio.create_task(call(name, share)) for name, share in (("a", 60), ("b", 1_000), ("c", 60), ("d", 40))
    }
    await asyncio.sleep(0.01)
    assert order == ["a"]
    calls["b"].cancel()  # it waited, and takes no one's share with it
    await asyncio.sleep(0.01)
    await asyncio.gather(calls["a"], calls["c"], calls["d"])
    assert order == ["a", "c", "d"]
    async with asyncio.timeout(1), gate.admitted(100):
        pass
