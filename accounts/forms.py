"""Forms of the settings pages."""

from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.names import fold_display_name, refuse_hidden_characters, refuse_name_of_others, usernames_like

TOKENS_PER_USER: Final = 50
NAME_CHARS: Final = 60
_DAYS: Final = (("30", "30 days"), ("90", "90 days"), ("365", "A year"), ("", "Until you revoke it"))


def checked_display_name(typed: str, user: User) -> str:
    """Return a display name in its written form. Raises ValidationError when it hides something or is someone else's."""
    name = fold_display_name(typed)
    refuse_hidden_characters(name)
    refuse_name_of_others(name, user.username)
    if User.objects.filter(username__in=usernames_like(name)).exclude(pk=user.pk).exists():
        raise forms.ValidationError("This is another person's user name.", code="taken")
    return name


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    """How one is shown to others."""

    # Its own field: the model's would be checked before folding, and refuse what folding repairs.
    display_name = forms.CharField(
        max_length=NAME_CHARS,
        required=False,
        label="Display name",
        help_text="Shown beside your user name. Leave it empty to be known by your user name alone.",
        widget=forms.TextInput(attrs={"autocomplete": "name", "maxlength": NAME_CHARS}),
    )

    class Meta:
        model = User
        fields: ClassVar[list[str]] = ["display_name"]

    def clean_display_name(self) -> str:
        return checked_display_name(self.cleaned_data["display_name"], self.instance)

    def save(self, commit: bool = True) -> User:
        # Only this column: a whole row written here would undo what an administrator changed meanwhile.
        user: User = self.instance
        user.save(update_fields=["display_name"])
        return user


class TokenForm(forms.Form):
    """The name of a new API token, and when it ends."""

    name = forms.CharField(
        max_length=NAME_CHARS,
        label="Name",
        help_text="What will use it, for example “deploy bot”.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "maxlength": NAME_CHARS}),
    )

    days = forms.TypedChoiceField(
        choices=_DAYS, coerce=int, empty_value=None, required=False, initial="365", label="Works for"
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    @property
    def expires_at(self) -> datetime | None:
        days: int | None = self.cleaned_data["days"]
        return None if days is None else timezone.now() + timedelta(days=days)

    def clean_name(self) -> str:
        name = fold_display_name(self.cleaned_data["name"])
        refuse_hidden_characters(name)
        # Also stops a reloaded page from making the same token again.
        if ApiToken.objects.filter(user=self.user, name=name).exists():
            raise forms.ValidationError("You have a token with this name. Choose another, or revoke the old one first.")
        return name

    def clean(self) -> dict[str, Any]:
        if ApiToken.objects.filter(user=self.user).count() >= TOKENS_PER_USER:
            raise forms.ValidationError(f"You have {TOKENS_PER_USER} tokens, the most there can be. Revoke one first.")
        return self.cleaned_data
