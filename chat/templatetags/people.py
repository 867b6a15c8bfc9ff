"""How people look in templates: names, and initials on a colour. static/chat/js/pages/people/names.js does the same."""

from typing import Final

from django import template

from chat import shown_names

register = template.Library()
register.filter(shown_names.shown_name)
register.filter(shown_names.handle)
register.filter(shown_names.isolated)
register.filter(shown_names.full_name_in_text)

HUES: Final = 12


@register.filter
def initials(name: str) -> str:
    """Return one or two letters for a name: of its first two words, or its beginning."""
    words = [word for word in name.replace("_", " ").replace("-", " ").replace(".", " ").split() if word]
    if not words:
        return "?"
    return (words[0][0] + words[1][0]) if len(words) > 1 else words[0][:2]


@register.filter
def hue(name: str) -> int:
    """Return the number of a name's colour class, the same in every page and process."""
    value = 0
    for character in name:
        value = (value * 31 + ord(character)) % 65_536
    return value % HUES
