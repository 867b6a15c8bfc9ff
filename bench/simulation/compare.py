"""Arithmetic beside simulation: a table, and where they disagree."""

from collections.abc import Mapping
from typing import Final

# Places are drawn by chance, and a simulated stretch is short: more than this is an error of the arithmetic.
TOLERANCE: Final = 0.05


def disagreements(
    predicted: Mapping[str, float], counted: Mapping[str, float], tolerance: float = TOLERANCE
) -> list[str]:
    """Return the names whose figures differ by more than the tolerance, or that only one side has."""
    both = predicted.keys() & counted.keys()
    return sorted(
        (predicted.keys() ^ counted.keys()) | {name for name in both if off(predicted, counted, name) > tolerance}
    )


def off(predicted: Mapping[str, float], counted: Mapping[str, float], name: str) -> float:
    """Return how far the count is from the prediction, as a share of it."""
    difference = abs(counted[name] - predicted[name])
    return difference / abs(predicted[name]) if predicted[name] else float(difference > 0)


def table(predicted: Mapping[str, float], counted: Mapping[str, float]) -> str:
    lines = [f"{'':36} {'arithmetic':>14} {'simulation':>14} {'off':>7}"]
    for name, value in predicted.items():
        share = off(predicted, counted, name)
        mark = "  <-- disagrees" if share > TOLERANCE else ""
        lines.append(f"{name:36} {value:14,.1f} {counted[name]:14,.1f} {share:7.1%}{mark}")
    return "\n".join(lines)
