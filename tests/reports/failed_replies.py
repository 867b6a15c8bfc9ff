"""What can go wrong with files, searches and limits. Each has a named end, a sentence for members, a reason for others.

docs/claude.md has the same table, by the same names.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from fake_claude import BadRequest, Blocks, FakeClaude, HttpError, Normal, ToolUse
from fake_claude.lookups import web_fetch, web_search
from fake_claude.replies import text
from tests.reports.seen_documents import encrypted, pdf

FOUND: Final = "As far as I can tell."
NO_MODEL: Final = "The chosen model is not available."
_WEB: Final = {"claude_web_search": True, "claude_web_fetch": True}
_NOTHING: Final = web_search("high tide")
_GONE: Final = HttpError(404, "not_found_error", "File not found: file_1")


class Failure(NamedTuple):
    """fails: what the fake is told. file: what comes with the prompt. room: its settings. cannot: of the model.

    spare: what the person may spend beyond a first reservation, in millionths of a dollar.
    state, stop: how the reply ends. said: what members read of it; told: what Claude is told in the last call.
    logged: the event for administrators. reason: what the administration shows of the reply. marked: of the file.
    """

    name: str
    fails: Callable[[FakeClaude], object] = lambda _fake: None
    file: Callable[[], bytes] | None = None
    room: dict[str, Any] = {}  # noqa: RUF012 - no case changes it
    cannot: str = ""
    spare: int | None = None
    state: str = "complete"
    stop: str = "end_turn"
    said: str = ""
    told: str = ""
    logged: str = ""
    reason: str = ""
    marked: str = ""

    def __str__(self) -> str:
        return self.name


def _will(*modes: Any) -> Callable[[FakeClaude], object]:
    return lambda fake: fake.will(*modes)


def _ten_pauses(fake: FakeClaude) -> None:
    last: Any = Normal("Never said.")
    for number in range(10):
        last = Blocks((text(f"Part {number}."), *web_search(f"part {number}")), then=last, stop_reason="pause_turn")
    fake.will(last)


def _no_uploads(fake: FakeClaude) -> None:
    fake.files.is_offered = False


def _broken_uploads(fake: FakeClaude) -> None:
    fake.files.fails_with = (500, "api_error")


FAILURES: Final = (
    Failure(
        "a file that Anthropic refuses",
        _will(BadRequest(message="messages.0.content.1.document.source.base64: The PDF was not valid.")),
        file=pdf,
        told="it was refused",
        logged="claude.file_refused",
        marked="refused",
    ),
    Failure("an encrypted or damaged file", file=lambda: encrypted("x"), told="it is encrypted", marked="encrypted"),
    Failure("a PDF with too many pages", file=lambda: pdf(101), told="it has more than 100 pages"),
    Failure(
        "too many pages for Anthropic",
        _will(BadRequest(message="A maximum of 100 PDF pages may be provided.")),
        file=pdf,
        told="it was refused",
    ),
    Failure("an upload that has expired", _will(_GONE), file=pdf, logged="claude.uploads_gone"),
    Failure("a gateway without uploads", _no_uploads, file=pdf, logged="claude.files_refused"),
    Failure("an upload that fails", _broken_uploads, file=pdf, logged="claude.file_not_uploaded"),
    Failure("a model that can't read PDF", file=pdf, cannot="pdfs", told="this model can't read PDF"),
    Failure("a model that can't use the web", room=_WEB, cannot="web"),
    Failure(
        "a model that is gone",
        _will(HttpError(404, "not_found_error", "model: claude-sonnet-5-5")),
        state="failed",
        stop="",
        said=NO_MODEL,
        logged="reply.failed",
        reason="unknown_model",
    ),
    Failure(
        "the web is switched off at Anthropic",
        _will(BadRequest(message="Web search is not enabled for your organization.")),
        room=_WEB,
        logged="claude.web_refused",
    ),
    Failure(
        "a search that fails",
        _will(Blocks((*web_search("high tide", error="unavailable"), text(FOUND)))),
        room=_WEB,
        said="did not work: the web can't be searched right now",
    ),
    Failure(
        "a search that finds nothing",
        _will(Blocks((_NOTHING[0], {**_NOTHING[1], "content": []}, text(FOUND)))),
        room=_WEB,
        said="nothing found",
    ),
    Failure(
        "a page that can't be opened",
        _will(Blocks((*web_fetch("https://a.example/", error="url_not_accessible"), text(FOUND)))),
        room=_WEB,
        said="did not work: the page can't be opened",
    ),
    Failure(
        "`pause_turn` again and again",
        _ten_pauses,
        stop="tool_limit",
        said="Stopped after too many tool calls.",
        reason="The last of 6 calls ended with pause_turn.",
    ),
    Failure(
        "a limit between rounds of tools",
        _will(ToolUse("list_members", text="I look.", then=Normal("Never said."))),
        room={"claude_tools": ["list_members"]},
        spare=1_000,
        stop="budget",
        said="Stopped at the spending limit.",
        reason="QUOTA_EXCEEDED: Your limit for Claude for today is reached",
    ),
    Failure(
        "a limit before a search",
        _will(Blocks((text("I look."), *web_search("high tide"), text("Never said.")))),
        room=_WEB,
        spare=1_000,
        stop="budget",
        said="Stopped at the spending limit.",
        reason="QUOTA_EXCEEDED: Your limit for Claude for today is reached",
    ),
)
