"""What models write beside CommonMark: `<br>`, `<sub>`, `<sup>`, `<kbd>`, `<details>`, tasks, and pictures, as links.

No HTML passes: the parser makes each of these elements itself, without attributes, and only where one ends that has begun.
A picture would tell its server who reads, so it is a link with its words. The page has the same rules (markdown-extras.js).
"""

import re
from collections.abc import Iterator
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from chat.markdown.blank_parts import draws
from chat.markdown.fences import OpenFences, fence_at

_TAG: Final = re.compile(r"<(?:(br)[ \t]?/?|(/?)(sub|sup|kbd))>", re.IGNORECASE)
_TASK: Final = re.compile(r"\[([ xX])\][ \t]+")
_DETAILS: Final = re.compile(r"<details(?: open)?>[ \t]*", re.IGNORECASE)
_DETAILS_END: Final = re.compile(r"</details>[ \t]*", re.IGNORECASE)
_END_OF_LINE: Final = re.compile(r"</details>[ \t]*\Z", re.IGNORECASE)
_SUMMARY_BEFORE: Final = re.compile(r"<summary>(?P<words>[^<]*(?:<(?!/summary>)[^<]*)*)</summary>", re.IGNORECASE)
_SUMMARY: Final = re.compile(r"<summary>(?P<words>[^<]*(?:<(?!/summary>)[^<]*)*)</summary>[ \t]*", re.IGNORECASE)


def add_extras(parser: MarkdownIt) -> None:
    """Make the parser know these. Call it once the rule for mentions is there."""
    parser.enable("image")
    parser.inline.ruler.before("autolink", "tags", _tag)
    parser.block.ruler.before("fence", "details", _details, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.core.ruler.before("mention", "extras", _finish)


def _tag(state: StateInline, silent: bool) -> bool:
    found = _TAG.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "<" else None
    if found is None:
        return False
    end = found.end()
    if found[1]:
        end += state.src.startswith("\n", end)  # it is a line end already
        if not silent:
            state.push("hardbreak", "br", 0)
    elif not silent:
        state.push("tag_close" if found[2] else "tag_open", found[3].lower(), 0).content = found[0]
    state.pos = end
    return True


def _finish(state: StateCore) -> None:
    for at, block in enumerate(state.tokens):
        if block.type != "inline" or not block.children:
            continue
        _pair_tags(block.children)
        children = list(_with_links(state.md, block.children))
        if at > 1 and state.tokens[at - 2].type == "list_item_open":
            children = _with_task(children)
        block.children = children


def _pair_tags(tokens: list[Token]) -> None:
    """Make elements of the tags that are opened and closed within the same one, around something; all others are text."""
    opened: list[tuple[Token, int]] = []
    tags = [token for token in tokens if token.type in ("tag_open", "tag_close")]
    drawn = 0  # how many tokens up to here are seen
    for token in tokens:
        if token.type == "tag_open" or token.nesting > 0:
            opened.append((token, drawn))
        elif token.type == "tag_close":
            drawn += not _is_paired(token, opened, drawn)
        elif token.nesting < 0:
            while opened and opened.pop()[0].type == "tag_open":
                pass
        else:
            drawn += draws([token])
    for token in tags:
        if token.nesting == 0:
            token.type, token.tag = "text", ""
        else:
            token.content = ""


def _is_paired(closing: Token, opened: list[tuple[Token, int]], drawn: int) -> bool:
    """Make an element of a tag and the last one that was opened, if they belong together."""
    begun, drawn_before = opened[-1] if opened else (closing, 0)
    if begun.type != "tag_open" or begun.tag != closing.tag:
        return False
    opened.pop()
    if drawn == drawn_before:
        return False
    begun.type, begun.nesting = f"{begun.tag}_open", 1
    closing.type, closing.nesting = f"{closing.tag}_close", -1
    return True


def _with_links(parser: MarkdownIt, tokens: list[Token]) -> Iterator[Token]:
    """Yield tokens with links in place of pictures; within a link, a picture is its words."""
    links = 0
    for token in tokens:
        links += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type != "image":
            yield token
            continue
        source = str(token.attrs.get("src", ""))
        words = "".join(map(_words_of, token.children or ())).strip() or parser.normalizeLinkText(source)
        if not links:
            title = {"title": token.attrs["title"]} if "title" in token.attrs else {}
            yield Token("link_open", "a", 1, attrs={"href": source, **title})
        yield Token("text", "", 0, content=words)
        if not links:
            yield Token("link_close", "a", -1)


def _words_of(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content


def _with_task(tokens: list[Token]) -> list[Token]:
    found = _TASK.match(tokens[0].content) if tokens[0].type == "text" else None
    if found is None or (found.end() == len(tokens[0].content) and len(tokens) == 1):
        return tokens
    is_done = found[1] != " "
    tokens[0].content = f" {tokens[0].content[found.end() :]}"
    return [
        Token("task_open", "span", 1, attrs={"class": "task is-done" if is_done else "task"}),
        Token("text", "", 0, content="☑" if is_done else "☐"),
        Token("task_close", "span", -1),
        *tokens,
    ]


# --- Details ------------------------------------------------------------------------------------------------------


def _details(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """A rule for what can be folded out: from a line with the tag to the one that ends it, or to the end of the text."""
    line = _line(state, start_line)
    begun = _DETAILS.match(line)
    if begun is None or state.is_code_block(start_line):
        return False
    summary = _SUMMARY.fullmatch(line, begun.end())
    if summary is None and begun.end() < len(line):
        return _details_in_a_line(state, start_line, line[begun.end() :], silent)
    if silent:
        return True
    last = _last_line(state, start_line, end_line)
    state.push("details_open", "details", 1).map = [start_line, last]
    first = start_line + 1
    if summary is None and first < last:
        summary = _SUMMARY.fullmatch(_line(state, first))
        first += summary is not None
    if summary is not None:
        _push_words(state, "summary", summary["words"], [start_line, first])
    parent, line_max = state.parentType, state.lineMax
    state.parentType, state.lineMax = "blockquote", last
    state.md.block.tokenize(state, first, last)
    state.parentType, state.lineMax = parent, line_max
    state.push("details_close", "details", -1)
    state.line = last + (last < end_line and _DETAILS_END.fullmatch(_line(state, last)) is not None)
    return True


def _details_in_a_line(state: StateBlock, number: int, rest: str, silent: bool) -> bool:
    """Take `<details><summary>a</summary>b</details>` from behind its first tag, if the line ends with the last one."""
    end = _END_OF_LINE.search(rest)
    if end is None or silent:
        return end is not None
    state.push("details_open", "details", 1).map = [number, number + 1]
    summary = _SUMMARY_BEFORE.match(rest, 0, end.start())
    if summary is not None:
        _push_words(state, "summary", summary["words"], [number, number + 1])
    words = rest[summary.end() if summary else 0 : end.start()]
    if words.strip():
        _push_words(state, "p", words, [number, number + 1])
    state.push("details_close", "details", -1)
    state.line = number + 1
    return True


def _push_words(state: StateBlock, tag: str, words: str, lines: list[int]) -> None:
    name = "paragraph" if tag == "p" else tag
    state.push(f"{name}_open", tag, 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = words.lstrip(" \t").rstrip(), lines, []
    state.push(f"{name}_close", tag, -1)


def _last_line(state: StateBlock, start_line: int, end_line: int) -> int:
    """Return the line that ends what begins here: its tags in blocks of code count for nothing."""
    depth, fences = 1, OpenFences()
    for number in range(start_line + 1, end_line):
        line = _line(state, number)
        if line and state.sCount[number] < state.blkIndent:
            return number
        if fences.meet(fence_at(state, number)) or not line.startswith("<"):
            continue
        depth += 1 if _begins(line) else -1 if _DETAILS_END.fullmatch(line) else 0
        if depth == 0:
            return number
    return end_line


def _begins(line: str) -> bool:
    found = _DETAILS.match(line)
    return found is not None and (found.end() == len(line) or _SUMMARY.fullmatch(line, found.end()) is not None)


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]
