"""What a rule finds."""

from typing import NamedTuple


class Violation(NamedTuple):
    """`t` is when it went wrong, so that it can be laid at a fault's door."""

    rule: str
    t: float
    what: str

    def __str__(self) -> str:
        return f"{self.rule} at {self.t:.2f} s: {self.what}"
