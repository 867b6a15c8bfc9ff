"""Mathematics as the server formats it; tests/browser does the same with the page's parser."""

import re
from html import unescape

import pytest

from chat.claude.reading import transcript
from chat.markdown import render, without_mentions
from chat.markdown.content import checked_content
from tests.reports.mathematics import CASES, Case

_KEPT = re.compile(r'<span class="math(?: math-block)?">(.*?)</span>', re.DOTALL)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_mathematics_is_kept_as_it_was_written(case: Case) -> None:
    html = without_mentions(render(case.text))
    assert tuple(map(unescape, _KEPT.findall(html))) == case.kept
    assert transcript.clean(checked_content(case.text)) == case.text, "and on the way to Claude"


def test_mathematics_of_its_own_lines_is_no_heading_list_or_quotation() -> None:
    for case in CASES:
        if case.kept and case.text == case.kept[0]:
            assert re.sub(_KEPT, "", render(case.text)).strip() == "<p></p>", case.kind


def test_stars_in_braces_stay_without_dollars_too() -> None:
    assert render("x^{*} y^{*} and x_{_}z_{_}").strip() == "<p>x^{*} y^{*} and x_{_}z_{_}</p>"
