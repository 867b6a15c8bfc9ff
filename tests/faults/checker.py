"""Looks for broken promises in a history. Pure: the same records always bring the same findings.

What counts as broken is docs/reliability.md's list; each rule is a function of the history in `rules`.
"""

from collections.abc import Callable, Iterator
from typing import Final

from tests.faults.history import History
from tests.faults.rules import absence, delivery, order, run, stored
from tests.faults.rules.violation import Violation

Rule = Callable[[History], Iterator[Violation]]

RULES: Final[tuple[Rule, ...]] = (
    stored.lost,
    stored.unexpected,
    stored.duplicated,
    order.gapless,
    order.agreed,
    order.caught_up,
    order.in_real_time,
    order.one_response_each,
    order.a_response_at_last,
    delivery.shown,
    delivery.converged,
    delivery.leaked,
    delivery.streams_equal,
    absence.back_soon,
    run.memory_bounded,
    run.drained,
    run.not_vacuous,
)


def check(history: History) -> list[Violation]:
    """Return everything that is wrong, in the order in which it went wrong."""
    return sorted((found for rule in RULES for found in rule(history)), key=lambda found: found.t)


def listed(found: list[Violation], at_most: int = 20) -> str:
    """Return the findings for a person to read."""
    lines = [str(each) for each in found[:at_most]]
    if len(found) > at_most:
        lines.append(f"... and {len(found) - at_most} more")
    return "\n".join(lines)
