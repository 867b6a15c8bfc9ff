"""How people are called in what is read: by their display name, else by their user name. For looking someone up, for
mentions and addresses there is only the user name. static/chat/js/pages/people/shown-name.js does the same in the browser.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from accounts.models import User
from chat.protocol import wire

UNNAMED: Final = "someone"
_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)

# A reference as it is in the protocol, the same read from JSON, or the row itself.
Person = wire.UserRef | Mapping[str, Any] | User | None


def shown_name(person: Person) -> str:
    """Return what a person is called; `somebody` for an account that is gone."""
    username, display_name = _names_of(person)
    return display_name or username or UNNAMED


def handle(person: Person) -> str:
    """Return `@username` where the shown name is another word: it could be taken for someone else's. Else nothing."""
    username, display_name = _names_of(person)
    return f"@{username}" if display_name and display_name.lower() != username else ""


def full_name_in_text(person: Person) -> str:
    """Return a name for a plain text in which it must be sure who is meant."""
    also = handle(person)
    return f"{isolated(shown_name(person))} ({also})" if also else isolated(shown_name(person))


def isolated(text: str) -> str:
    """Return a name for the middle of a plain text: one that runs from right to left must not turn the words around it."""
    return f"\u2068{text}\u2069" if _RIGHT_TO_LEFT.search(text) else text


def _names_of(person: Person) -> tuple[str, str]:
    if not person:  # no one, or what a template makes of a variable that is not there
        return "", ""
    if isinstance(person, Mapping):
        return person["username"], person.get("displayName", "")
    if isinstance(person, wire.UserRef):
        return person.username, person.displayName or ""
    return person.username, person.display_name
