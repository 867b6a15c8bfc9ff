"""Finds every regular expression that the program has, on the server and in the pages."""

import ast
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).parents[2]
_PACKAGES: Final = ("chat", "accounts", "config")
_SCRIPTS: Final = ROOT / "static/chat/js"
_FUNCTIONS: Final = frozenset(
    {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
)
_ANCHORED: Final = frozenset({"match", "fullmatch"})

# What a regular expression of JavaScript may come after; anything else before a slash makes it a division.
_SCRIPT_PATTERN: Final = re.compile(
    r"""(?:[=(,:?!&|;{}\[\n]|=>|\breturn)[ ]*                   # what comes before
        /(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+)/  # the pattern
        ([dgimsuvy]*)(?![\w/])""",
    re.VERBOSE,
)
_SCRIPT_COMMENT: Final = re.compile(r"^\s*(?:\*|/\*|//)")


class Found(NamedTuple):
    """A pattern, in the syntax of Python. is_anchored: it is tried at one place of a text only."""

    place: str
    pattern: str
    flags: int
    is_anchored: bool


class Made(NamedTuple):
    """A pattern that is put together while the program runs."""

    place: str
    source: str


def in_python() -> tuple[list[Found], list[Made]]:
    """Return the patterns that stand in the program, and the places that put some together."""
    found: list[Found] = []
    made: list[Made] = []
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            text = path.read_text()
            for node in ast.walk(ast.parse(text)):
                if not (isinstance(node, ast.Call) and _is_of_re(node.func)):
                    continue
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                pattern = _pattern_of(node.args[0], path)
                if pattern is not None:
                    found.append(Found(place, pattern, _flags_of(node), _is_anchored(node, text)))
                else:
                    made.append(Made(place.partition(":")[0], ast.unparse(node.args[0])))
    return found, made


def _pattern_of(argument: ast.expr, path: Path) -> str | None:
    """Return a pattern that stands in the call, or is a constant of the module; None for one that is put together."""
    if isinstance(argument, ast.Constant):
        return str(argument.value)
    if isinstance(argument, ast.Name) and argument.id.isupper():
        module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        return str(getattr(module, argument.id))
    return None


def _is_of_re(function: ast.expr) -> bool:
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "re"
        and function.attr in _FUNCTIONS
    )


def _flags_of(call: ast.Call) -> int:
    named = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute) and node.attr.isupper()}
    return sum(int(re.RegexFlag[name]) for name in named if name in re.RegexFlag.__members__)


def _is_anchored(call: ast.Call, text: str) -> bool:
    function = call.func.attr  # type: ignore[attr-defined]
    if function != "compile":
        return function in _ANCHORED
    # The name that it was given: how is it used?
    line = text.splitlines()[call.lineno - 1]
    name = re.match(r"\s*(\w+)", line)
    uses = set(re.findall(rf"\b{name[1]}\.(\w+)", text)) & _FUNCTIONS if name else set()
    return bool(uses) and uses <= _ANCHORED


def in_scripts() -> Iterator[Found]:
    """Yield the patterns of the pages' scripts and of the client library."""
    for path in sorted(_SCRIPTS.rglob("*.js")):
        lines = path.read_text().splitlines()
        text = "\n".join("" if _SCRIPT_COMMENT.match(line) else line for line in lines)
        for match in _SCRIPT_PATTERN.finditer(text):
            place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(1)) + 1}"
            yield Found(place, as_python(match[1]), _script_flags(match[2]), "y" in match[2])


def _script_flags(letters: str) -> int:
    names = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}
    return sum(int(names[letter]) for letter in letters if letter in names)


def as_python(pattern: str) -> str:
    """Return a pattern of JavaScript in Python's syntax, as far as its cost goes: letters and signs are some of Latin's."""
    pattern = re.sub(r"\\u\{([0-9a-fA-F]+)\}", lambda code: re.escape(chr(int(code[1], 16))), pattern)
    pattern = re.sub(r"\(\?<(?![=!])", "(?P<", pattern)
    pattern = re.sub(r"\\p\{(?:L|Letter|Alphabetic)\}", "a-zà-ÿ", _outside_sets(pattern))
    pattern = re.sub(r"\\p\{(?:P|Pc|Pd|Pf|Pi|S|So|Sk|Cf|N|Nd|Nl|No|M)\}", "!-/", pattern)
    # In a set, and behind a backslash, it is a sign like others.
    end = re.compile(r"\[(?:\\.|[^]\\])*]|\\.|\$", re.DOTALL)
    return end.sub(lambda found: r"\Z" if found[0] == "$" else found[0], pattern).replace(r"\/", "/")


def _outside_sets(pattern: str) -> str:
    """Put property escapes that stand alone into a set of their own."""
    pieces = re.split(r"(\[(?:\\.|[^\]\\])*\])", pattern)
    return "".join(piece if at % 2 else re.sub(r"(\\p\{\w+\})", r"[\1]", piece) for at, piece in enumerate(pieces))
