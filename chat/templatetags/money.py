"""How amounts and numbers of tokens are written in templates."""

from typing import Final

from django import template

from chat.billing import spending
from chat.claude import recent_failures

register = template.Library()

_THOUSAND: Final = 1000


@register.filter
def dollars(microusd: int) -> str:
    return spending.dollars(microusd)


@register.filter
def compact(number: int) -> str:
    """Return a number with three digits at most: 940, 12.3K, 4.1M."""
    value = float(number)
    for suffix in ("", "K", "M"):
        if value < _THOUSAND - 0.5:
            return _digits(value, suffix)
        value /= _THOUSAND
    return _digits(value, "G")


def _digits(value: float, suffix: str) -> str:
    tenths = 1 if suffix and value < _THOUSAND / 10 - 0.05 else 0
    return f"{value:.{tenths}f}".removesuffix(".0") + suffix


@register.simple_tag
def claude_trouble() -> recent_failures.Trouble | None:
    return recent_failures.trouble()
