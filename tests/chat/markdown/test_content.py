"""What a message may be: something that can be seen, and not too much of it."""

import pytest

from chat.markdown.content import checked_content
from chat.protocol.errors import ErrorCode
from tests.chat.fixtures import refused


@pytest.mark.parametrize("content", ["a", ".", "🎉", "한", "a\nb", "\u202eabc", "0", "<br>", "é" * 3])
def test_whatever_has_ink_may_be_said(content: str) -> None:
    assert checked_content(f" \n{content}\t ") == content


@pytest.mark.parametrize(
    "content",
    ["", " ", "\n\n\t", "\u200b", "\u200b \u2060\ufeff", "\u202e\u202c", "\u00a0\u3000", "\u00ad", "\x00", "\x07"],
)
def test_nothing_to_see_is_no_message(content: str) -> None:
    with refused(ErrorCode.VALIDATION_ERROR) as caught:
        checked_content(content)
    assert caught.value.details == {"path": "$.content"}


def test_a_message_is_bounded_in_characters(settings: object) -> None:
    settings.CONTENT_CHARS = 5  # type: ignore[attr-defined]
    assert checked_content(" \n🎉🎉🎉🎉🎉  ") == "🎉" * 5, "blank ends do not count, and an emoji is one"
    with refused(ErrorCode.VALIDATION_ERROR) as caught:
        checked_content("123456")
    assert "5" in caught.value.message
    settings.CONTENT_CHARS = 0  # type: ignore[attr-defined]
    assert len(checked_content("x" * 100_000)) == 100_000
