"""Keys that belong to an input method, and places of the page where they must mean nothing."""

from typing import NamedTuple


class Composed(NamedTuple):
    """Tried twice: while the composition still runs, and told by key code 229 alone, as Safari does."""

    place: str
    key: str
    why: str


CASES = (
    Composed("composer", "Enter", "takes the word, sends nothing"),
    Composed("composer", "Escape", "drops the word, not the reply"),
    Composed("composer", "ArrowUp", "chooses among candidates, edits nothing"),
    Composed("suggestions", "Enter", "takes the word, not the suggestion"),
    Composed("suggestions", "Escape", "drops the word, not the suggestions"),
    Composed("editor", "Enter", "takes the word, saves nothing"),
    Composed("editor", "Escape", "drops the word, not the edit"),
    Composed("switcher", "Enter", "takes the word, goes nowhere"),
    Composed("switcher", "Escape", "drops the word, leaves the dialog open"),
    Composed("switcher", "ArrowDown", "chooses among candidates"),
    Composed("reply", "Escape", "drops the word, stops no reply"),
)
