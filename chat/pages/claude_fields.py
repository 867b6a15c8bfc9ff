"""Fields of forms for Claude's settings of a room, made from their declaration: for the pages and for the admin site."""

from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, get_args, get_origin

from django import forms
from django.core.exceptions import ValidationError
from msgspec import Meta

from chat.claude.model_offer import offered_models
from chat.claude.tools.registry import TOOLS
from chat.models import Room
from chat.protocol.room_settings import DOMAINS_AT_MOST, SETTINGS, TYPES, Domain

# A text that may be longer gets more than a line.
_LINE_CHARS: Final = 300
_LINES_CHARS: Final = 20_000


class LinesField(forms.CharField):
    """A list of short texts, one a line."""

    def __init__(self, **named: Any) -> None:
        super().__init__(max_length=_LINES_CHARS, widget=forms.Textarea(attrs={"rows": 3}), **named)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:  # the list, not the text
        text = value if isinstance(value, list) else str(value or "").splitlines()
        return [line.strip() for line in text if line.strip()]

    def run_validators(self, value: Any) -> None:
        """Bound what a request may bring; what a line may be, the use case says."""
        if len(value) > DOMAINS_AT_MOST:
            raise ValidationError(f"At most {DOMAINS_AT_MOST} lines.")
        if any(len(line) > _LINE_CHARS for line in value):
            raise ValidationError("A line is too long.")

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(self.to_python(data) != (initial or []))


def fields_of(room: Room, *, may_change: bool = True) -> dict[str, forms.Field]:
    """Return a field for each setting that this kind of room has, by the setting's name on the wire.

    may_change: False where nothing will be chosen, so that Anthropic need not be asked for its models.
    """
    offers = {
        "model": offered_models(room.claude_model) if may_change else [],
        "tools": [(tool.name, tool.label) for tool in TOOLS.values()],
    }
    return {
        name: _field(TYPES[name], offers.get(name), label=setting.label, help_text=setting.hint, required=False)
        for name, setting in SETTINGS.items()
        if room.is_session or not setting.in_sessions_only
    }


def _field(annotated: Any, offered: list[tuple[str, str]] | None, **named: Any) -> forms.Field:
    bare = get_args(annotated)[0] if get_origin(annotated) is Annotated else annotated
    if bare is bool:
        return forms.BooleanField(**named)
    if bare is int:  # not required: a page that was open since before this setting doesn't bring it, and it stays
        least, most = next((each.ge, each.le) for each in annotated.__metadata__ if isinstance(each, Meta))
        return forms.IntegerField(min_value=int(least or 0), max_value=int(most or 0), **named)
    if get_origin(bare) is list and get_args(bare)[0] == Domain:
        return LinesField(**named)
    if get_origin(bare) is list:
        return forms.MultipleChoiceField(
            choices=offered or _words(get_args(bare)[0]), widget=forms.CheckboxSelectMultiple, **named
        )
    if offered is not None or get_origin(bare) is Literal:
        return forms.ChoiceField(choices=_words(bare) if offered is None else offered, **named)
    longest = next((each.max_length or 0 for each in annotated.__metadata__ if isinstance(each, Meta)), 0)
    widget = forms.Textarea(attrs={"rows": 4}) if longest > _LINE_CHARS else forms.TextInput()
    return forms.CharField(max_length=longest, strip=False, widget=widget, **named)


def _words(literal: Any) -> list[tuple[str, str]]:
    return [(value, value.capitalize().replace("_", " ") or "The model’s own choice") for value in get_args(literal)]


EXPLANATIONS: Final = MappingProxyType({("tools", tool.name): tool.explanation for tool in TOOLS.values()})
"""A sentence for a choice, by setting and choice."""
