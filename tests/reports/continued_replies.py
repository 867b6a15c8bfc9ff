"""What a continued reply begins with: the model repeats the last words, or opens its code block again, though asked not to.

Report 21: Continue kept a repeated tail and a reopened fence.
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    so_far: str
    more: str
    whole: str
    kind: str

    def __str__(self) -> str:
        return self.kind


CASES: Final = (
    Case("The tide is hi", "gh at nine.", "The tide is high at nine.", "in mid-word"),
    Case("High tide is at", " nine.", "High tide is at nine.", "between words"),
    Case("First line of it.\n", "Second.", "First line of it.\nSecond.", "after a line"),
    Case(
        "High tide is at nine in the morning",
        "nine in the morning, and low tide at three.",
        "High tide is at nine in the morning, and low tide at three.",
        "the last words once more",
    ),
    Case(
        "It begins. High tide is at nine, I thi",
        "High tide is at nine, I think.",
        "It begins. High tide is at nine, I think.",
        "the last sentence once more",
    ),
    Case(
        "One. High tide is at nine.\n",
        "High tide is at nine.\nTwo.",
        "One. High tide is at nine.\nTwo.",
        "the last line",
    ),
    Case(
        "The tide is at nine today,",
        "\n\nThe tide is at nine today, Ana.",
        "The tide is at nine today, Ana.",
        "after blanks",
    ),
    Case("満潮は午前九時です", "午前九時です。干潮は三時です。", "満潮は午前九時です。干潮は三時です。", "in Japanese"),
    Case("Прилив в девять утра", "в девять утра, отлив в три.", "Прилив в девять утра, отлив в три.", "in Russian"),
    Case("المد في التاسعة صباحا", "التاسعة صباحا اليوم", "المد في التاسعة صباحا اليوم", "in Arabic"),
    Case("```py\nx = 1\n", "```py\ny = 2\n```", "```py\nx = 1\ny = 2\n```", "a reopened fence"),
    Case("```py\nx = 1\ny =", "```python\n 2\n```", "```py\nx = 1\ny = 2\n```", "a reopened fence in mid-line"),
    Case(
        "```py\ntotal = sum(prices)\n",
        "```py\ntotal = sum(prices)\nprint(total)\n```",
        "```py\ntotal = sum(prices)\nprint(total)\n```",
        "a reopened fence and the last line",
    ),
    Case("~~~js\nf()\n", "\n~~~js\ng()\n~~~", "~~~js\nf()\ng()\n~~~", "tildes, after a blank line"),
    Case("```py\nx = 1\n", "```\n\nThat is all.", "```py\nx = 1\n```\n\nThat is all.", "a fence that closes the block"),
    Case("Look:\n\n", "```py\nx = 1\n```", "Look:\n\n```py\nx = 1\n```", "a fence where no block is open"),
    Case(
        "- a\n  ```py\n  x = 1\n",
        "  ```py\n  y = 2\n  ```",
        "- a\n  ```py\n  x = 1\n  y = 2\n  ```",
        "a block in a list",
    ),
    Case("  ```py\n  x = 1\n", "```py\n  y = 2\n```", "  ```py\n  x = 1\n  y = 2\n```", "an indented block"),
    Case("very, very", ", very late", "very, very, very late", "words that are meant twice"),
    Case("ha ha", " ha ha ha", "ha ha ha ha ha", "laughter"),
    Case("| - | - | - | - |", " - | - | - |", "| - | - | - | - | - | - | - |", "a rule of a table"),
    Case(
        "0, 0, 0, 0, 0, 0, 0,",
        " 0, 0, 0, 0, 0, 0, 0, 1",
        "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1",
        "a row of zeros",
    ),
)
