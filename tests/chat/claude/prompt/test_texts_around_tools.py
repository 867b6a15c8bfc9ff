"""Texts around a tool, from the wire to the row: what `tests.reports.texts_around_tools` holds."""

import pytest

from chat.claude.reading.paragraphs import break_after, open_fence
from tests.chat.claude.desk import open_desk
from tests.reports.texts_around_tools import CASES, Case

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_tool_between_texts_leaves_a_blank_line_and_nothing_else_does(case: Case, fake) -> None:
    fake.will(case.mode())
    async with open_desk() as desk:
        await desk.set_up(claude_tools=["list_members"])
        reply = await desk.ask("Where is it?")

    assert (reply.state, reply.text, reply.thinking) == ("complete", case.text, case.thinking)
    assert "".join(delta["text"] for delta in desk.deltas) == case.text, "tabs must hear what is stored"
    assert "".join(delta.get("thinking", "") for delta in desk.deltas) == case.thinking


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("", ""),
        ("```\na", "```"),
        ("```\na\n```", ""),
        ("````\n```\na\n```", "````"),
        ("```py\n```py\n", "```"),
        ("~~~ `a`\n", "~~~"),
        ("``` a`b\nc", ""),
        ("- x\n  ```\n  a", ""),
        ("Look:\n\n  ```py\n  x = 1", "```"),
        ("- x\n\nLook:\n\n   ```py\n   x = 1", "```"),
        ("1. x\n\n   ```py\n   x = 1", ""),
        ("```py\nx = 1\n  ```\n", ""),
        ("    ```py\n    x = 1", ""),
        ("```\n- x\n```\n  ```py\n  y", "```"),
        ("- x\n```\n- y\n", "```"),
        ("```py\n    ```\n", "```"),
    ],
)
def test_a_block_that_is_open_is_known_by_the_fence_that_ends_it(text: str, fence: str) -> None:
    assert open_fence(text) == fence
    assert open_fence(text + break_after(text)) == ""
