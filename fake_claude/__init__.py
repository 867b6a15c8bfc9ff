"""A stand-in for Anthropic's Messages API: the real wire format, over real HTTP, on loopback.

with FakeClaude() as claude:
    claude.will(Overloaded(), Normal("Hello."))
    ...  # settings: ANTHROPIC_API_KEY=test-key ANTHROPIC_BASE_URL=claude.url CLAUDE_BACKEND=anthropic
    assert claude.requests[-1].ended
"""

from fake_claude.failures import (
    BadKey,
    BadRequest,
    Cut,
    ErrorInStream,
    Garbage,
    HttpError,
    NoCredit,
    NoMessageStop,
    Overloaded,
    Pings,
    Reset,
    ServerError,
    Silent,
    Stall,
    TooManyRequests,
    UnknownModel,
)
from fake_claude.replies import (
    Blocks,
    Held,
    Huge,
    Mode,
    Normal,
    Reply,
    Slow,
    SplitUtf8,
    StopReason,
    Tiny,
    ToolUse,
    WithThinking,
)
from fake_claude.server import FakeClaude, Seen

__all__ = [
    "BadKey",
    "BadRequest",
    "Blocks",
    "Cut",
    "ErrorInStream",
    "FakeClaude",
    "Garbage",
    "Held",
    "HttpError",
    "Huge",
    "Mode",
    "NoCredit",
    "NoMessageStop",
    "Normal",
    "Overloaded",
    "Pings",
    "Reply",
    "Reset",
    "Seen",
    "ServerError",
    "Silent",
    "Slow",
    "SplitUtf8",
    "Stall",
    "StopReason",
    "Tiny",
    "TooManyRequests",
    "ToolUse",
    "UnknownModel",
    "WithThinking",
]
