"""Quotes, notifications and search results show the text that people read."""

import pytest

from chat.markdown import as_written, render
from chat.markdown.rendered_text import rendered_text, searched_text
from chat.quotes import excerpt_of
from tests.reports.rendered_texts import RENDERED, Rendered


@pytest.mark.parametrize("case", RENDERED, ids=lambda case: f"{case.kind}: {case.content}")
def test_the_text_is_what_people_read(case: Rendered) -> None:
    assert excerpt_of(rendered_text(render(case.content))) == case.text


@pytest.mark.parametrize("case", RENDERED, ids=lambda case: f"{case.kind}: {case.content}")
def test_a_text_that_is_not_formatted_is_read_as_it_was_written(case: Rendered) -> None:
    assert rendered_text(as_written(case.content)).strip() == case.content.strip()


def test_the_beginning_of_html_may_end_anywhere() -> None:
    html = render('a [link](https://x.org/?a=1&b=2 "title") & **more** &amp; `<b>`')
    whole = rendered_text(html).strip()
    for end in range(len(html)):
        text = rendered_text(html[:end]).strip()
        assert whole.startswith(text.rstrip("&")), html[:end]


def test_a_message_is_found_by_where_its_links_lead() -> None:
    html = render("[docs](https://x.org/manual) and https://y.org/a")
    assert searched_text(html, "").split("\n")[-1] == "https://x.org/manual", "an address that is read is not repeated"
