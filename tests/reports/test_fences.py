"""Blocks of code as the server finds them; tests/browser does the same with the page's parser."""

import re
from html import unescape

import pytest

from chat.markdown import render
from tests.reports.fences import CASES, Case

_BLOCK = re.compile(r'<pre><code(?: class="language-([^"]*)")?>(.*?)</code></pre>', re.DOTALL)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
def test_fences_pair_up(case: Case) -> None:
    html = render(case.text)
    assert tuple((name, unescape(code)) for name, code in _BLOCK.findall(html)) == case.blocks
    assert (re.sub(r"<[^>]*>", "", _BLOCK.sub("", html)).strip() != "") is case.has_rest
