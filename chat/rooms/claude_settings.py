"""Changing how Claude behaves in a room. Most settings need no line here: their types say what they may be."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import UNSET, UnsetType

from chat.markdown import without_blank_ends
from chat.messages.choosing import is_known
from chat.models import Room
from chat.models.room import CLAUDE_COLUMNS
from chat.protocol.errors import failed
from chat.protocol.room_settings import SETTINGS, ClaudeOptions
from chat.rooms import domains

_SHOWN_CHARS: Final = 80
_NOT_A_DOMAIN: Final = (
    "{label}: “{written}” isn't a domain. Write a name such as example.org, without a path, a port or an asterisk."
)
_BOTH_LISTS: Final = (
    f"“{SETTINGS['webDomains'].label}” and “{SETTINGS['webBlockedDomains'].label}” can't be used together."
    " Empty one of the two lists."
)


def change(room: Room, options: ClaudeOptions | UnsetType) -> None:
    """Set what was chosen on a row, which is left to be saved. What is left out stays.

    Raises REQUEST_FAILED for a model that no one knows, for what is no domain, for both lists of domains together, and
    for a setting that this kind of room does not have.
    """
    if options is UNSET:
        return
    for name, setting in SETTINGS.items():
        chosen = getattr(options, name)
        if chosen is UNSET:
            continue
        if setting.in_sessions_only and not room.is_session:
            if chosen != room.claude_settings[name]:
                raise failed(setting.elsewhere)
            continue
        rule = _RULES.get(name)
        setattr(room, CLAUDE_COLUMNS[name], rule(room, chosen) if rule else chosen)
    if room.claude_web_domains and room.claude_web_blocked_domains:
        raise failed(_BOTH_LISTS)


def _model(room: Room, chosen: str) -> str:
    """Return a model's name, or "" for the installation's. With one that no one knows, every reply would fail."""
    name = chosen.strip()
    if name != room.claude_model and not is_known(name):
        raise failed("Unknown model. Choose one from the room's settings.")
    return name


def _domains(name: str) -> Callable[[Room, Any], list[str]]:
    def rule(_room: Room, chosen: list[str]) -> list[str]:
        try:
            return domains.normalised(chosen)
        except domains.NotADomain as error:
            raise failed(_NOT_A_DOMAIN.format(label=SETTINGS[name].label, written=str(error)[:_SHOWN_CHARS])) from error

    return rule


_RULES: Final[Mapping[str, Callable[[Room, Any], Any]]] = MappingProxyType(
    {
        "model": _model,
        "instructions": lambda _room, chosen: without_blank_ends(chosen),
        "tools": lambda _room, chosen: sorted(set(chosen)),
        "webDomains": _domains("webDomains"),
        "webBlockedDomains": _domains("webBlockedDomains"),
    }
)
"""What else holds for a setting: the value that is stored for the one that was chosen."""
