"""Forms of the room pages. They clean what people type; the rules of rooms live in the use cases."""

import re
from typing import Any

from django import forms

from accounts.ban_form import BanForm
from chat.models import Role, Room, RoomKind
from chat.models.room import CLAUDE_COLUMNS
from chat.pages.claude_fields import EXPLANATIONS, LinesField, fields_of
from chat.protocol.room_settings import SETTINGS

_USES = (("", "No limit"), ("1", "1 person"), ("5", "5 people"), ("25", "25 people"))
_DAYS = (("1", "1 day"), ("7", "7 days"), ("30", "30 days"))


class CreateRoomForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[(kind, kind.label) for kind in (RoomKind.OPEN, RoomKind.CLOSED, RoomKind.SESSION)],
        initial=RoomKind.OPEN,
    )
    name = forms.CharField(max_length=80, required=False)
    topic = forms.CharField(max_length=300, required=False)
    members = forms.CharField(max_length=2000, required=False)

    def clean_members(self) -> list[str]:
        return names_in(self.cleaned_data["members"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        # A session may go without: it is called after its first prompt.
        if not cleaned.get("name") and "name" not in self.errors and cleaned.get("kind") != RoomKind.SESSION:
            self.add_error("name", "Give the room a name.")
        return cleaned

    @property
    def asked(self) -> dict[str, Any]:
        """Return the fields of the request; no name, rather than an empty one."""
        return {field: value for field, value in self.cleaned_data.items() if value or field != "name"}


class ClaudeForm(forms.Form):
    """How Claude behaves in a room. A field is called after its column: `claude-every_message`."""

    def __init__(self, data: Any, room: Room, *, may_change: bool = True) -> None:
        made = fields_of(room, may_change=may_change)
        self._names = {_form_name(name): name for name in made}
        initial = {field: room.claude_settings[name] for field, name in self._names.items()}
        super().__init__(data, prefix="claude", initial=initial)
        self.fields.update({_form_name(name): field for name, field in made.items()})

    @property
    def is_filled_in(self) -> bool:
        """Whether these fields were on the page that was sent."""
        return self["model"].html_name in self.data

    @property
    def asked(self) -> dict[str, Any]:
        """Return the request's `claude` options."""
        chosen = {name: self.cleaned_data[field] for field, name in self._names.items()}
        return {name: value for name, value in chosen.items() if value is not None}

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Return each field with what the template shows of it: how it is filled in, an example, its choices."""
        return [self._row(self[field], name) for field, name in self._names.items()]

    def _row(self, bound: forms.BoundField, name: str) -> dict[str, Any]:
        value = bound.value()
        many = isinstance(bound.field, forms.MultipleChoiceField)
        chosen = (value or []) if many else [value or ""]
        return {
            "field": bound,
            "kind": _KINDS[type(bound.field)],
            "example": SETTINGS[name].example,
            "choices": [
                (choice, label, EXPLANATIONS.get((name, choice), ""), choice in chosen)
                for choice, label in getattr(bound.field, "choices", ())
            ],
        }


_KINDS = {
    forms.BooleanField: "switch",
    forms.MultipleChoiceField: "several",
    forms.ChoiceField: "one",
    forms.CharField: "text",
    forms.IntegerField: "number",
    LinesField: "text",
}


def _form_name(name: str) -> str:
    return CLAUDE_COLUMNS[name].removeprefix("claude_")


class RoomDetailsForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = Room
        fields = ("name", "topic", "kind")

    kind = forms.ChoiceField(choices=[(kind, kind.label) for kind in (RoomKind.OPEN, RoomKind.CLOSED)], required=False)


class AddMemberForm(forms.Form):
    user = forms.CharField(max_length=33, error_messages={"required": "Whom do you want to add?"})
    role = forms.ChoiceField(choices=Role, initial=Role.MEMBER, required=False)

    def clean_user(self) -> str:
        return str(self.cleaned_data["user"]).lstrip("@").lower()


class BanPersonForm(BanForm):
    user = forms.CharField(
        max_length=33,
        error_messages={"required": "Who do you want to ban? Give a user name."},
        widget=forms.TextInput(
            attrs={
                "class": "input",
                "maxlength": 33,
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )

    def clean_user(self) -> str:
        return str(self.cleaned_data["user"]).lstrip("@").lower()

    def focus(self) -> None:
        """Begin at the first error, or at the reason if the person is chosen."""
        name = next((name for name in self.fields if name in self.errors), "reason" if self.initial.get("user") else "")
        if name:
            self.fields[name].widget.attrs["autofocus"] = True

    @property
    def asked(self) -> dict[str, Any]:
        """Return the fields of the request."""
        fields = {name: self.cleaned_data[name] for name in ("user", "reason")}
        return fields if self.ends_at is None else {**fields, "until": int(self.ends_at.timestamp() * 1000)}


class InvitationForm(forms.Form):
    days = forms.TypedChoiceField(choices=_DAYS, coerce=int, initial="7")
    uses = forms.TypedChoiceField(choices=_USES, coerce=int, empty_value=None, required=False)


def names_in(text: str) -> list[str]:
    """Return the user names in what was typed, each once: between spaces, commas or lines, with or without @."""
    names = [name.lstrip("@").lower() for name in re.split(r"[\s,;]+", text)]
    return list(dict.fromkeys(name for name in names if name))
