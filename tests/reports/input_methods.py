"""Keys that belong to an input method, and places of the page where they must mean nothing."""

from typing import NamedTuple


class Composed(NamedTuple):
    place: str
    key: str
    during: bool  # the composition still runs; else the browser tells it by key code 229 alone, as Safari does
    why: str


_PLACES = (
    ("composer", "Enter", "takes the word, sends nothing"),
    ("composer", "Escape", "drops the word, not the reply"),
    ("composer", "ArrowUp", "chooses among candidates, edits nothing"),
    ("suggestions", "Enter", "takes the word, not the suggestion"),
    ("suggestions", "Escape", "drops the word, not the suggestions"),
    ("editor", "Enter", "takes the word, saves nothing"),
    ("editor", "Escape", "drops the word, not the edit"),
    ("switcher", "Enter", "takes the word, goes nowhere"),
    ("switcher", "Escape", "drops the word, leaves the dialog open"),
    ("switcher", "ArrowDown", "chooses among candidates"),
    ("answer", "Escape", "drops the word, stops no answer"),
)
CASES = tuple(Composed(place, key, during, why) for place, key, why in _PLACES for during in (True, False))
