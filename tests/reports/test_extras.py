"""What stands beside CommonMark, as the server formats it; tests/browser does the same with the page's parser."""

import pytest

from chat.markdown import render, without_mentions
from tests.reports.extras import CASES, Case
from tests.reports.test_writing_systems import short
from tests.reports.visible import BLANK_PARTS, DEFINITIONS, Definition


@pytest.mark.parametrize("case", [*CASES, *DEFINITIONS, *BLANK_PARTS], ids=lambda case: case.kind)
def test_these_are_drawn_and_nothing_else_is(case: Case | Definition) -> None:
    html = without_mentions(render(case.text))
    assert (
        short(html) if html.count("<p>") == 1 and html.startswith("<p>") else short(f"<p>{html.strip()}</p>")
    ) == case.html
