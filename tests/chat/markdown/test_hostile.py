"""Text made to be slow to format is formatted in bounded time all the same.

In a process of its own: nothing else could end it.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_CHARS: Final = 20_000
# Of CPU time, and several times what the slowest needs: this finds what never ends, it measures nothing.
_PATIENCE_SECONDS: Final = 4

_PIECES: Final = {
    "open brackets": "[",
    "image brackets": "![",
    "brackets in pairs": "[]",
    "links in links": "[a](",
    "link with titles": '[a](<b> "',
    "nested quotes": ">",
    "nested quotes with text": "> > a\n",
    "nested lists": "- ",
    "list items": "* a\n",
    "deeper and deeper lists": None,
    "numbered": "1. ",
    "backticks": "`",
    "backticks of all lengths": None,
    "stars": "*",
    "stars and words": "*a **b ",
    "underscores": "_a__",
    "tildes": "~~a ",
    "open tags": "<",
    "open comments": "<!--",
    "autolinks": "<http:",
    "bare links": "http://a.b ",
    "one long link": "http://a.b/((((",
    "links without a place": "http:// ",
    "links that are none": "http://[",
    "schemes that are none": "a://",
    "as many colons as are looked at": None,
    "mentions": "@a ",
    "half mentions": "@a.",
    "dots after an at": "@" + "a." * 30 + " ",
    "entities": "&amp;",
    "half entities": "&a",
    "backslashes": "\\",
    "table cells": "a|",
    "table rows": "a|b\n-|-\n",
    "wide table": None,
    "reference definitions": "[a]: b\n",
    "uses of a reference": None,
    "fences": "```\n",
    "code to highlight": None,
    "headings": "# a\n",
    "hard breaks": "a  \n",
    "spaces": "a ",
    "blank lines": "\n",
    "combining marks": "\u0301",
    "quotes": "\"'",
    "dollars": "$a ",
    "dollars that end nothing": "$a$b",
    "mathematics that never ends": "\\(",
    "mathematics on lines": "$$\n",
    "mathematics on lines that never end": "$$ a\n",
    "tags": "<sub>",
    "tags in pairs": "<sub></kbd>",
    "line breaks": "<br>",
    "pictures": "![a](b)",
    "details": "<details>\n",
    "details with a summary": "<details><summary>",
    "tasks": "- [x] a\n",
    "marks of footnotes": "[^1]",
    "footnotes": "[^a]: b\n",
    "emphasis in quotation marks": "**“a”**",
    "emphasis in kana": "**「あ」**を",
    "addresses in kana": "https://x.orgを",
    "addresses in markers": "_https://a.b/_",
    "fences in markdown": "```md\n",
    "names": "@a.a_a-",
}


def text_of(name: str) -> str:
    piece = _PIECES[name]
    if piece is not None:
        return "a" + (piece * _CHARS)[: _CHARS - 2] + "a"
    special = {
        "deeper and deeper lists": "".join("  " * depth + "- a\n" for depth in range(150)),
        "backticks of all lengths": " ".join("`" * count for count in range(1, 200)),
        "as many colons as are looked at": ("http://" + "(" * 190) * 100,
        "wide table": "|".join("a" * 2000) + "\n" + "|".join("-" * 2000) + "\n" + ("|".join("b" * 2000) + "\n") * 3,
        "uses of a reference": "[a]: " + "b" * 1000 + "\n\n" + "[a]" * 6000,
        "code to highlight": "```python\n" + "'''" + '"""' * 6000 + "\n```",
    }
    return special[name][:_CHARS]


def test_hostile_texts_are_formatted_in_bounded_time() -> None:
    """One process formats them all and says which it is at, so that a slow one has a name."""
    program = (
        "import os, time; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "from tests.chat.markdown.test_hostile import _PIECES, text_of\n"
        "from chat.markdown import candidates, is_plain, render\n"
        "for name in _PIECES:\n"
        "    began = time.process_time()\n"
        "    text = text_of(name)\n"
        "    is_plain(text), candidates(render(text))\n"
        "    print(f'{time.process_time() - began:.2f} {name}', flush=True)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS * 15,
        )
    except subprocess.TimeoutExpired as error:
        output = error.stdout.decode() if isinstance(error.stdout, bytes) else (error.stdout or "")
        pytest.fail(f"it did not end; the last that did: {output.splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr
    took = {name: float(seconds) for seconds, name in (line.split(" ", 1) for line in done.stdout.splitlines())}
    assert set(took) == set(_PIECES)
    assert {name: seconds for name, seconds in took.items() if seconds > _PATIENCE_SECONDS} == {}
