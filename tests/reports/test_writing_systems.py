"""Emphasis and bare addresses in all scripts, as the server formats them; tests/browser does the same with the page's."""

import re

import pytest

from chat.markdown import render, without_mentions
from chat.markdown.scripts import UNSPACED, WIDE_SIGNS
from tests.reports.writing_systems import CASES, Case
from tests.servers.processes import REPOSITORY

_LINK = re.compile(r'<a href="([^"]*)" rel="noopener noreferrer nofollow">')


def short(html: str) -> str:
    """Return the HTML of one paragraph as the table has it."""
    inside = html.strip().removeprefix("<p>").removesuffix("</p>")
    inside = _LINK.sub(r'<a href="\1">', inside)
    return re.sub(r'<a href="([^"]*)">\1</a>', r"<a>\1</a>", inside)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_the_server_formats_all_scripts_alike(case: Case) -> None:
    assert short(without_mentions(render(case.text))) == case.html


def test_the_page_has_the_same_tables_of_scripts() -> None:
    source = (REPOSITORY / "static/chat/js/pages/markdown/scripts.js").read_text()
    ranges = {(int(first, 16), int(last, 16)) for first, last in re.findall(r"\[0x(\w+), 0x(\w+)\]", source)}
    assert ranges == {(ord(first), ord(last)) for first, last in UNSPACED + WIDE_SIGNS}
