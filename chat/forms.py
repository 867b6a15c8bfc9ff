"""Forms of the room pages. They clean what people type; the rules of rooms live in the actions."""

import re

from django import forms

from chat.models import Role, Room, RoomKind

_USES = (("", "No limit"), ("1", "1 person"), ("5", "5 people"), ("25", "25 people"))
_DAYS = (("1", "1 day"), ("7", "7 days"), ("30", "30 days"))


class CreateRoomForm(forms.Form):
    kind = forms.ChoiceField(
        choices=[(kind, kind.label) for kind in (RoomKind.OPEN, RoomKind.CLOSED, RoomKind.SESSION)],
        initial=RoomKind.OPEN,
    )
    name = forms.CharField(max_length=80, error_messages={"required": "Give the room a name."})
    topic = forms.CharField(max_length=300, required=False)
    members = forms.CharField(max_length=2000, required=False)

    def clean_members(self) -> list[str]:
        return names_in(self.cleaned_data["members"])


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


class InvitationForm(forms.Form):
    days = forms.TypedChoiceField(choices=_DAYS, coerce=int, initial="7")
    uses = forms.TypedChoiceField(choices=_USES, coerce=int, empty_value=None, required=False)


def names_in(text: str) -> list[str]:
    """Return the user names in what was typed, each once: between spaces, commas or lines, with or without @."""
    names = [name.lstrip("@").lower() for name in re.split(r"[\s,;]+", text)]
    return list(dict.fromkeys(name for name in names if name))
