"""Forty kinds of prompts: what is said before Send must be about what is billed after it, where nothing is thought.

The fake counts with a tokenizer of its own, `count`: it cuts words, where Parley weighs characters by their block. Both
follow the same published figures (see tests/reports/stopped_replies.py), so these cases prove the bookkeeping: what is read,
cached, written and added around a text. How near the figures are to the tokenizer of the day, only Anthropic could tell.
"""

import math
import re
from typing import Any, Final, NamedTuple

# Tokens for each run of such characters, by its length.
_RUNS: Final = (
    (re.compile(r" ?[A-Za-z]+"), 0.32),
    (re.compile(r"[À-ɏḀ-ỿ]"), 2.2),
    (re.compile(r" ?[Ѐ-ӿ]+"), 0.5),
    (re.compile(r" ?[\u0370-\u03ff]+"), 1.03),
    (re.compile(r" ?[\u0590-\u05ff]+"), 0.9),
    (re.compile(r" ?[\u0600-\u06ff]+"), 0.87),
    (re.compile(r"[\u0900-\u097f]+"), 1.2),
    (re.compile(r"[\u0e00-\u0e7f]+"), 1.88),
    (re.compile(r"[\u3040-\u30ff]"), 1.08),
    (re.compile(r"[\u3400-\u9fff]"), 0.95),
    (re.compile(r"[\uac00-\ud7ff]"), 1.1),
    (re.compile(r"\d+"), 0.5),
    (re.compile(r"[\U00010000-\U0010ffff]"), 2.4),
    (re.compile(r"\s"), 0.6),
    (re.compile(r"."), 0.75),
)
_BLOCK_TOKENS: Final = 3


def count(value: Any) -> int:
    """Return the tokens of a block, or of a text."""
    text = value if isinstance(value, str) else str(value.get("text") or value.get("content") or "")
    total, at = 0.0, 0
    while at < len(text):
        for pattern, weight in _RUNS:
            found = pattern.match(text, at)
            if found:
                total += max(0.3, len(found.group()) * weight)
                at = found.end()
                break
    return math.ceil(total) + (0 if isinstance(value, str) else _BLOCK_TOKENS)


class Case(NamedTuple):
    kind: str
    prompt: str

    def __str__(self) -> str:
        return self.kind


_ENGLISH: Final = "Where should we go first, the harbour or the old town? We have two days and three children with us. "

CASES: Final = (
    Case("a word", "Hello"),
    Case("a question", "When is high tide?"),
    Case("a paragraph", _ENGLISH * 4),
    Case("a long text", _ENGLISH * 60),
    Case("German", "Wohin sollen wir zuerst gehen, an den Hafen oder in die schöne Altstadt? " * 10),
    Case("French", "Où devrions-nous aller d'abord, au port ou dans la vieille ville ? " * 10),
    Case("Russian", "Куда нам пойти сначала: в порт или в старый город? " * 10),
    Case("Greek", "Πού να πάμε πρώτα, στο λιμάνι ή στην παλιά πόλη; " * 10),
    Case("Japanese", "まず港と旧市街のどちらに行くべきでしょうか。" * 20),
    Case("Chinese", "我们应该先去港口还是老城区？" * 20),
    Case("Korean", "항구와 구시가지 중 어디부터 가야 할까요? " * 20),
    Case("Arabic", "إلى أين نذهب أولا، إلى الميناء أم إلى المدينة القديمة؟ " * 10),
    Case("Hebrew", "לאן כדאי ללכת קודם, לנמל או לעיר העתיקה? " * 10),
    Case("Hindi", "हमें पहले कहाँ जाना चाहिए, बंदरगाह या पुराना शहर? " * 10),
    Case("Thai", "เราควรไปที่ไหนก่อนท่าเรือหรือเมืองเก่า" * 10),
    Case("emoji", "\N{SAILBOAT}\N{ROCKET}\N{PARTY POPPER} which one? " * 20),
    Case("code", "def total(prices):\n    return sum(price * 1.19 for price in prices)\n\n" * 10),
    Case("a table", "| day | place | price |\n| --- | --- | --- |\n| 1 | harbour | 12.50 |\n" * 10),
    Case("a list", "- bread\n- milk\n- a map of the town\n" * 20),
    Case("several scripts", "harbour 港 гавань λιμάνι ميناء बंदरगाह 항구 " * 15),
)


class Around(NamedTuple):
    """A prompt with what comes with it, or stands before it in the room.

    room: settings of the room. before: what was said there, each with the names of its files; a reply follows each.
    since: what was said after the last reply. prompt, files: what is asked. hours: since the last reply.
    uses: a tool that the last reply used, by the name of a mode in the test. context: CLAUDE_CONTEXT_TOKENS.
    """

    kind: str
    prompt: str = "What do you make of it?"
    files: tuple[str, ...] = ()
    before: tuple[tuple[str, tuple[str, ...]], ...] = ()
    since: tuple[tuple[str, tuple[str, ...]], ...] = ()
    room: dict[str, Any] = {}  # noqa: RUF012 - no case changes it
    hours: float = 0.0
    uses: str = ""
    context: int = 0

    def __str__(self) -> str:
        return self.kind


_HELLO: Final = ("Hello, we plan a trip.", ())
_TOOLS: Final = {"claude_tools": ["search_history", "list_members", "read_attachment"]}
_WEB: Final = {"claude_web_search": True, "claude_web_fetch": True}

AROUND: Final = (
    Around("a picture", files=("photo",), before=(_HELLO,)),
    Around("three pictures", files=("photo", "drawing", "icon"), before=(_HELLO,)),
    Around("a PDF", files=("paper",), before=(_HELLO,)),
    Around("a dense PDF", files=("dense paper",), before=(_HELLO,)),
    Around("a scanned PDF", files=("scan",), before=(_HELLO,)),
    Around("a docx", files=("letter",), before=(_HELLO,)),
    Around("a long docx", files=("long letter",), before=(_HELLO,)),
    Around("a text file", files=("notes",), before=(_HELLO,)),
    Around("a text file in Japanese", files=("Japanese notes",), before=(_HELLO,)),
    Around("a file that Claude can't read", files=("archive",), before=(_HELLO,)),
    Around("after a picture", before=(_HELLO, ("Look.", ("photo",)))),
    Around("after a PDF, cache gone", before=(_HELLO, ("Read this.", ("paper",))), hours=1),
    Around("a picture since the last reply", before=(_HELLO,), since=(("Look.", ("photo",)),)),
    Around("the first prompt, after pictures", since=(("Look.", ("photo",)), ("And this.", ("drawing",)))),
    Around("a long history", before=((_ENGLISH * 60, ()), (_ENGLISH * 80, ()))),
    Around("a long history, cache gone", before=((_ENGLISH * 60, ()), (_ENGLISH * 80, ())), hours=1),
    Around("more history than fits", before=((_ENGLISH * 170, ()),) * 5, hours=1, context=20_000),
    Around("tools", before=(_HELLO,), room=_TOOLS),
    Around("after a use of a tool", before=(_HELLO, ("Who is here?", ())), room=_TOOLS, uses="tool"),
    Around("the web", before=(_HELLO,), room=_WEB),
    Around("after a search", before=(_HELLO, ("When is high tide?", ())), room=_WEB, uses="search"),
    Around("long instructions", before=(_HELLO,), room={"claude_instructions": _ENGLISH * 35}),
)
