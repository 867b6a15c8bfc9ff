"""The fake for people: a word like `mode:stall` in a prompt chooses what kind of reply it gets."""

import re
from collections.abc import Callable
from typing import Any, Final

import fake_claude as modes
from fake_claude import Mode
from fake_claude.requests import prompt_of

_ASKED: Final = re.compile(r"\bmode:([a-z0-9_-]+)")
# People read along.
_PAUSE_S: Final = 0.04
_TEXT: Final = """\
This is the **fake** of Anthropic's API. It understands nothing; it has the wire format only, and all ways to fail.

Write one of these words in a prompt, and the reply is of that kind:

{names}

Without such a word you get this text.
"""
_LONG: Final = "\n\n".join(
    f"## Part {part}\n\n" + " ".join(f"This is sentence {number} of part {part}." for number in range(1, 21))
    for part in range(1, 26)
)

_MODES: Final[dict[str, Callable[[], Mode]]] = {
    "normal": lambda: modes.Normal(_text(), pause_s=_PAUSE_S),
    "slow": lambda: modes.Slow(_text(), pause_s=0.4),
    "long": lambda: modes.Normal(_LONG, pause_s=_PAUSE_S),
    "echo": lambda: modes.Normal(pause_s=_PAUSE_S),
    "thinking": lambda: modes.WithThinking(_text(), "I think for a while before I write. " * 10, pause_s=_PAUSE_S),
    "tool": lambda: modes.ToolUse(
        "search_history", {"query": "the"}, text="I look it up. ", then=modes.Normal(pause_s=_PAUSE_S), pause_s=_PAUSE_S
    ),
    "tiny": lambda: modes.Tiny(10_000),
    "huge": lambda: modes.Huge(1_000_000),
    "utf8": modes.SplitUtf8,
    "max_tokens": lambda: modes.StopReason("max_tokens", text=_text()[:300], pause_s=_PAUSE_S),
    "blank": lambda: modes.WithThinking("", "I think, and then I say nothing. ", pause_s=_PAUSE_S),
    "no_room": lambda: modes.StopReason("max_tokens", text="", thinking="I think for too long. ", pause_s=_PAUSE_S),
    "refusal": lambda: modes.StopReason("refusal", text="I would rather not. ", pause_s=_PAUSE_S),
    "context": lambda: modes.StopReason("model_context_window_exceeded", text=_text()[:100], pause_s=_PAUSE_S),
    "stall": lambda: modes.Stall(12, text=_text(), pause_s=_PAUSE_S),
    "pings": lambda: modes.Pings(12, text=_text(), pause_s=_PAUSE_S, every_s=1),
    "silent": modes.Silent,
    "cut": lambda: modes.Cut(12, text=_text(), pause_s=_PAUSE_S),
    "reset": lambda: modes.Reset(12, text=_text(), pause_s=_PAUSE_S),
    "error": lambda: modes.ErrorInStream(12, text=_text(), pause_s=_PAUSE_S),
    "garbage": lambda: modes.Garbage(12, text=_text(), pause_s=_PAUSE_S),
    "nostop": lambda: modes.NoMessageStop(12, text=_text(), pause_s=_PAUSE_S),
    "busy": lambda: modes.ErrorInStream(at="start"),
    "429": lambda: modes.TooManyRequests(retry_after=2),
    "529": modes.Overloaded,
    "500": modes.ServerError,
    "badkey": modes.BadKey,
    "nocredit": modes.NoCredit,
    "nomodel": modes.UnknownModel,
}
_ONCE: Final = "-once"


def names() -> list[str]:
    return [*_MODES, *(f"{name}{_ONCE}" for name in ("busy", "429", "529", "500"))]


def mode_called(name: str) -> Mode | None:
    make = _MODES.get(name.removesuffix(_ONCE))
    return None if make is None else make()


class ByPrompt:
    """Chooses by the prompt. A mode with `-once` fails the first request with this prompt only."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def __call__(self, body: dict[str, Any]) -> Mode | None:
        prompt = prompt_of(body)
        asked = _ASKED.findall(prompt)
        if not asked:
            return None
        if asked[-1].endswith(_ONCE):
            if prompt in self._failed:
                return mode_called("normal")
            self._failed.add(prompt)
        return mode_called(asked[-1])


def _text() -> str:
    return _TEXT.format(names="\n".join(f"- `mode:{name}`" for name in names()))
