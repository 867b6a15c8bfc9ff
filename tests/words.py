"""`python -m tests.words`: words that this project does not write, in all tracked text files. `make check` runs it.

A word in quotation marks of its own is a name or data, and passes: "nobody".
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parent.parent

INSTEAD_OF: Final[dict[str, str]] = {
    "nobody": "no one",
    "somebody": "someone",
    "everybody": "everyone",
    "whoever": "anyone who, or name the person",
    "whomever": "anyone whom, or name the person",
    "anew": "again",
    "for ever": "forever",
    "by itself": "on its own",
    "by themselves": "on their own",
    "as good as": "nearly",
    "to be had": "available",
    "is to be seen": "is visible",
    "hear nothing of": "mute",
    "has fallen silent": "stopped responding",
    "there is no such": "unknown",
    "none the less": "nevertheless",
    "utilize": "use",
    "in order to": "to",
}

# Also within names: `on_answer`, `MessageAnswer`, `unanswered`.
STEMS: Final[dict[str, str]] = {"answer": "response (to a request), reply (to a prompt), or the plain word"}

_SKIPPED: Final = (
    "tests/js/vendor/",
    "static/chat/vendor/",
    "LICENSE",
    "tests/words.py",
    "tests/project/test_words.py",
)
_GAP: Final = r"\s+(?:[#*/]+\s+)?"  # a comment goes on in the next line
_WORD: Final = re.compile(
    "|".join(
        [
            *(rf"\b{_GAP.join(word.split())}\b" for word in INSTEAD_OF),
            *(rf"\b\w*{stem}\w*" for stem in STEMS),
        ]
    ),
    re.IGNORECASE,
)
_QUOTES: Final = "\"'`“”‘’«»"


class Found(NamedTuple):
    file: str
    line: int
    word: str

    def __str__(self) -> str:
        word = " ".join(re.sub(r"[#*/]+\s", " ", self.word.lower()).split())
        stems = (instead for stem, instead in STEMS.items() if stem in word)
        return (
            f"{self.file}:{self.line}: {self.word!r}: write {INSTEAD_OF.get(word) or next(stems, 'something else')!r}"
        )


def words_in(file: str, text: str) -> Iterator[Found]:
    """Yield the unwanted words of a text; also those that a line's end parts."""
    for match in _WORD.finditer(text):
        start, end = match.span()
        is_quoted = start > 0 and text[start - 1] in _QUOTES and text[end : end + 1] in _QUOTES and end < len(text)
        if not is_quoted:
            yield Found(file, text.count("\n", 0, start) + 1, match[0])


def texts() -> Iterator[tuple[str, str]]:
    """Yield name and content of each tracked text file."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if name.startswith(_SKIPPED) or not path.is_file():
            continue
        try:
            yield name, path.read_text()
        except UnicodeDecodeError:
            continue  # a picture, a font


def main() -> int:
    found = [each for name, text in texts() for each in words_in(name, text)]
    for each in found:
        print(each)
    print(f"{len(found)} words to replace." if found else "Words: none to replace.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
