"""No legal message ends its connection: the frame's limit follows the text's, and Parley does not start with less."""

import json
from typing import Any, Final

import msgspec
import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from chat import system_checks
from chat.protocol import frames
from chat.protocol.frame_size import chars_that_fit, needed_bytes
from chat.protocol.requests import PAYLOADS
from tests.reports.long_texts import LONG_TEXTS, LongText

WIDEST: Final = "😀"  # as JSON at most: two escapes of six letters
TEXTS: Final = {"content", "prompt"}


def size(value: Any) -> int:
    return len(json.dumps(value))


def longest(field: str, kind: Any) -> Any:
    """Return the value of a field that takes most as JSON."""
    match kind:
        case msgspec.inspect.StrType() if field in TEXTS:
            return WIDEST * settings.CONTENT_CHARS
        case msgspec.inspect.StrType():
            is_ours = kind.pattern is not None or field in ("epoch", "after")  # those names are ASCII
            return ("x" if is_ours else WIDEST) * (kind.max_length or 50)
        case msgspec.inspect.ListType():
            return [longest(field, kind.item_type)] * (kind.max_length or 1)
        case msgspec.inspect.DictType():
            value = longest(field, kind.value_type)
            return {f"{'x' * 46}{n:04}": value for n in range(kind.max_length or 1)}
        case msgspec.inspect.StructType():
            return {each.encode_name: longest(each.encode_name, each.type) for each in kind.fields}
        case msgspec.inspect.UnionType():
            values: list[Any] = [longest(field, each) for each in kind.types]
            return max(values, key=size)
        case msgspec.inspect.LiteralType():
            return max(kind.values, key=size)
        case msgspec.inspect.IntType():
            return 2**53 - 1
        case _:
            return None


@pytest.mark.parametrize("name", PAYLOADS)
def test_the_longest_frame_of_each_request_fits(name: str) -> None:
    payload = longest("", msgspec.inspect.type_info(PAYLOADS[name]))
    frame = {"type": name, "id": WIDEST * 64, "timestamp": 2**53 - 1, "payload": payload}
    assert len(json.dumps(frame)) <= settings.FRAME_BYTES


@pytest.mark.parametrize("text", LONG_TEXTS, ids=lambda text: text.kind)
@pytest.mark.parametrize("is_ascii", [True, False], ids=["escaped", "as it is"])
def test_a_message_of_the_longest_text_fits(text: LongText, is_ascii: bool) -> None:
    content = text.of(settings.CONTENT_CHARS)
    frame = json.dumps(
        {"type": "create_message", "id": 1, "payload": {"room": "x" * 50, "content": content}}, ensure_ascii=is_ascii
    )
    assert len(frame.encode()) <= settings.FRAME_BYTES
    assert frames.decode(frame).payload.content == content


@pytest.mark.parametrize("chars", [1, 10, 999, 20_000, 1_000_000])
def test_what_is_needed_and_what_fits_agree(chars: int) -> None:
    assert chars_that_fit(needed_bytes(chars)) == chars
    assert chars_that_fit(needed_bytes(chars) - 1) == chars - 1
    assert chars_that_fit(10) == 0


@pytest.mark.parametrize(
    ("frame", "content", "found"),
    [
        (264_000, 20_000, None),
        (263_999, 20_000, system_checks.FRAME_TOO_SMALL),
        (65_536, 20_000, system_checks.FRAME_TOO_SMALL),
        (1, 1, system_checks.FRAME_TOO_SMALL),
        (264_000, 20_001, system_checks.FRAME_TOO_SMALL),
        (65_536, 3_000, None),
        (0, 20_000, None),
        (0, 0, None),
        (264_000, 0, system_checks.CONTENT_UNBOUNDED),
    ],
)
def test_the_check_finds_a_frame_that_is_too_small(settings: Any, frame: int, content: int, found: str | None) -> None:
    settings.FRAME_BYTES, settings.CONTENT_CHARS = frame, content
    ours = [each for each in run_checks() if (each.id or "").startswith("chat.")]
    assert [each.id for each in ours] == ([] if found is None else [found])
    if found == system_checks.FRAME_TOO_SMALL:
        with pytest.raises(ImproperlyConfigured, match="FRAME_BYTES"):
            system_checks.refuse_to_start()
    else:
        system_checks.refuse_to_start()
