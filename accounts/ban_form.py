"""What is asked when someone is banned, from a room or from the installation."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone

from accounts.bans import LONGEST, REASON_CHARS

_ON_A_DATE: Final = "date"
_LENGTHS: Final = (
    ("1", "1 day"),
    ("7", "7 days"),
    ("30", "30 days"),
    (_ON_A_DATE, "Until a date"),
    ("", "No end"),
)


class BanForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_CHARS,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "maxlength": REASON_CHARS, "dir": "auto"}),
    )
    length = forms.ChoiceField(choices=_LENGTHS, required=False, initial="7")
    until = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date", "class": "input"}))

    def clean_reason(self) -> str:
        return " ".join(self.cleaned_data["reason"].split())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("length") == _ON_A_DATE and "until" not in self.errors:
            now, until = timezone.now(), cleaned.get("until")
            if until is None or not now < _midnight(until) < now + LONGEST:
                self.add_error("until", "Choose a date within the next ten years.")
        return cleaned

    @property
    def ends_at(self) -> datetime | None:
        """Return when the ban ends, in UTC; None for never."""
        length = self.cleaned_data["length"]
        if length == _ON_A_DATE:
            return _midnight(self.cleaned_data["until"])
        return timezone.now() + timedelta(days=int(length)) if length else None


def _midnight(day: Any) -> datetime:
    return datetime.combine(day, time(), UTC)
