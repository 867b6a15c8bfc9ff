"""What people and Claude write in the benchmark's room: deterministic, and formatted as often as real text is."""

from typing import Final

_LONG: Final = (
    "I would rather wait until the new release is out, and then compare the two with the same data on the same machine. "
    "Otherwise we will never know whether it was our change or theirs, and we would have to do all of it again."
)
_SAID: Final = (
    "Good morning. Did anybody look at the numbers of last night?",
    "Yes, I did. They are what we expected, a little better even.",
    "The **third** one looks odd to me, see https://example.org/reports/third for the picture.",
    "ok",
    _LONG,
    "Try this:\n\n```python\ndef total(rows):\n    return sum(row.amount for row in rows if row.is_valid)\n```",
    "- first we measure\n- then we change one thing\n- then we measure again",
    "That works here, thank you!",
    "> we measure\n\nWith what? `perf` sees nothing of it.",
    "Lunch at half past twelve?",
)
_PARAGRAPH: Final = (
    "The counter is taken under the lock of the room, so two writers that commit at the same time can never be given the "
    "same number, and a reader that has seen one number knows that it has seen all those before it. "
)
_SECTION: Final = """## Part {number}

{paragraph}What follows from this is **simple**: ask for what came after the last one that you have.

- it is one query, and it uses the index
- it needs no clock, since clocks differ
- it works after a day as well as after a second

```python
def missing(room, after):
    rows = Message.objects.filter(room=room, change__gt=after)
    return [present(row) for row in rows.order_by("change")[:500]]
```

| step | rows | time |
| --- | --- | --- |
| look up | 1 | 0.2 ms |
| read part {number} | 50 | 1.1 ms |

{paragraph}See [the page on recovery](https://example.org/recovery/{number}) for the *other* way.

"""
PROMPT: Final = "@claude explain in detail how recovery works, with code"
# Several sentences, as someone types who thinks in between; no sign that opens a list of suggestions.
TYPED: Final = (
    "While it replies, I write down what I want to ask next. Is the number of a change ever used twice, and what happens "
    "when a backup is restored? I think that the clients have to notice, but how do they? Let us see."
)


def said(number: int) -> str:
    """Return the message with this number; no two of them are the same."""
    return f"{_SAID[number % len(_SAID)]}\n\n({number})" if number % 3 == 0 else _SAID[number % len(_SAID)]


def reply(sections: int, first: int = 1) -> str:
    """Return a reply of Claude's in markdown: headings, lists, code, a table, links."""
    parts = range(first, first + sections)
    return "".join(_SECTION.format(number=number, paragraph=_PARAGRAPH) for number in parts)
