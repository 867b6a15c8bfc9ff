"""What goes to Anthropic's API and comes back from it, at the edges.

Report 21: an empty assistant turn, a certain 400; results of tools paid for in full in each round; /v1/v1/messages; any 404
blamed on the model; what members can mend told as the administrators' problem; halves of characters.
"""

from typing import Any, Final, NamedTuple

from fake_claude import Blocks, HttpError, Mode, Normal
from fake_claude.lookups import web_search
from fake_claude.replies import text

# What a message without anything to send back ends with, and how often the model is asked then.
EMPTY_TURNS: Final[tuple[tuple[str, tuple[dict[str, Any], ...], str], ...]] = (
    ("tool_use", (), "Claude gave no reply."),
    ("tool_use", (text("I would look."),), ""),
    ("tool_use", (text(" "),), "Claude gave no reply."),
)
PAUSES: Final[tuple[tuple[dict[str, Any], ...], ...]] = (
    (),
    (text(""),),
    (text(" \n"),),
    tuple(web_search("tides")[:1]),
)

BASE_URLS: Final = (
    *("", "/", "/v1", "/v1/", "/v1/messages", "/v1/messages/", "//"),
    *(
        "/v1//",
        "/v1/v1",
        "/V1",
        " ",
        "/v1\n",
        "/v1/models",
        "/v1/messages?beta=true",
        "/v1/messages/count_tokens",
        "/#key",
    ),
)

MEMBERS, ADMINISTRATORS = "members", "administrators"


class Refusal(NamedTuple):
    """whose: who can do something about it."""

    mode: HttpError
    code: str
    whose: str

    def __str__(self) -> str:
        return f"{self.mode.status} {self.mode.message[:40]}"


def _bad(message: str, status: int = 400, type_: str = "invalid_request_error") -> HttpError:
    return HttpError(status, type_, message)


REFUSALS: Final = (
    Refusal(_bad("prompt is too long: 1200000 tokens > 1000000 maximum"), "too_long", MEMBERS),
    Refusal(_bad("input length and `max_tokens` exceed context limit: 199000 + 8000 > 200000"), "too_long", MEMBERS),
    Refusal(_bad("The request exceeds the model's context window."), "too_long", MEMBERS),
    Refusal(_bad("This model's maximum context length is 8192 tokens."), "too_long", MEMBERS),
    Refusal(_bad("Input is too long for requested model."), "too_long", MEMBERS),
    Refusal(_bad("Request exceeds the maximum size", 413, "request_too_large"), "too_long", MEMBERS),
    Refusal(_bad("Output blocked by content filtering policy"), "filtered", MEMBERS),
    Refusal(_bad("The response was filtered: content_filter"), "filtered", MEMBERS),
    Refusal(_bad("Your request violates our usage policy."), "filtered", MEMBERS),
    Refusal(_bad("The prompt triggered our content management policy."), "filtered", MEMBERS),
    Refusal(_bad("Blocked by a guardrail of your organization"), "filtered", MEMBERS),
    Refusal(_bad("input length of 250000 exceeds what is allowed"), "too_long", MEMBERS),
    Refusal(_bad("This exceeds the maximum number of input tokens."), "too_long", MEMBERS),
    Refusal(_bad("model: claude-of-tomorrow", 404, "not_found_error"), "unknown_model", ADMINISTRATORS),
    Refusal(_bad("claude-sonnet-5-5 does not exist", 404, "not_found_error"), "unknown_model", ADMINISTRATORS),
    Refusal(_bad("Not found", 404, "not_found_error"), "wrong_address", ADMINISTRATORS),
    Refusal(_bad("<html>404</html>", 404, ""), "wrong_address", ADMINISTRATORS),
    Refusal(_bad("max_tokens: must be at most 64000"), "bad_request", ADMINISTRATORS),
    Refusal(_bad("tools.0.name: too long"), "bad_request", ADMINISTRATORS),
    Refusal(_bad("Your credit balance is too low"), "no_credit", ADMINISTRATORS),
)

# Deltas, as JSON has them, and the text that they make.
HALVES: Final = (
    (("\ud83d", "\ude00"), "😀"),
    (("a\ud83d", "\ude00b"), "a😀b"),
    (("\ud83d", "\ude00\ud83d", "\ude80"), "😀🚀"),
    (("\ud83d", "", "\ude00"), "😀"),
    (("\ud83d", "x"), "\N{REPLACEMENT CHARACTER}x"),
    (("\ude00", "x"), "\N{REPLACEMENT CHARACTER}x"),
    (("x\ud83d",), "x"),
    (("👩\u200d\ud83d", "\udc69"), "👩\u200d👩"),
    (("\ud83c\uddef\ud83c", "\uddf5"), "🇯🇵"),
    (("\ud842", "\udfb7る"), "𠮷る"),
    (("\ud835\udc00\ud835", "\udc01"), "𝐀𝐁"),
)

# Names that pass for Claude's, or for those that the installation speaks with.
RESERVED: Final = (
    *("claude", "claude_", "claude.", "claude-", "claude__", "cl_aude", "c.l.a.u.d.e", "ciaude", "c1aude", "claude-."),
    *("admin", "admin_", "ad.min", "everyone.", "here_", "all-", "system-", "parley.", "r.o.o.t", "administrator_"),
)
FREE: Final = ("claudette", "claude2", "jean-claude", "ali", "aii", "there", "adminton", "rooty", "wall-e", "claudia")


def asked_twice(blocks: tuple[dict[str, Any], ...]) -> Mode:
    return Blocks(blocks, then=Normal("Now."), stop_reason="pause_turn")
