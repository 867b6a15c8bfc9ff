"""What the templates of the account pages need beyond Django's own tags."""

import re
from typing import Any, Final

from allauth.account.adapter import get_adapter
from django import template
from django.conf import settings
from django.forms import BoundField
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.safestring import SafeString

from accounts import second_steps
from accounts.models import User

register = template.Library()

# The first that matches: most browsers also name the ones that they are compatible with.
_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS: Final = (
    ("iPhone", r"iPhone"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("ChromeOS", r"CrOS"),
    ("Mac", r"Mac OS X|Macintosh"),
    ("Linux", r"Linux"),
)


@register.simple_tag
def static_or_plain(path: str) -> str:
    """Return a static file's address even where `collectstatic` has not run: pages about failures must not fail."""
    try:
        return static(path)
    except ValueError:
        return f"{settings.STATIC_URL}{path}"


@register.simple_tag
def control(field: BoundField, hint: str | None = None, **attributes: Any) -> SafeString:
    """Render a field's input without allauth's placeholder: the label above says the same and stays.

    `hint` is the id of a hint in our own words, or empty for none; the field's own help text is then not announced.
    """
    if hint is not None:
        field.help_text = ""
    if hint:
        described_by = [hint, f"{field.auto_id}_error"] if field.errors else [hint]
        attributes["aria-describedby"] = " ".join(described_by)
    return field.as_widget(attrs={"placeholder": False, **attributes})


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return field.widget_type == "checkbox"


@register.filter
def browser(user_agent: str) -> str:
    """Return what a person calls this browser, such as "Firefox on Linux"."""
    name = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if name is None:
        return user_agent.split(" ", maxsplit=1)[0][:40] or "Unknown browser"
    return f"{name} on {system}" if system else name


@register.simple_tag(takes_context=True)
def signup_is_open(context: template.Context) -> bool:
    request: HttpRequest = context["request"]
    return bool(get_adapter(request).is_open_for_signup(request))


@register.filter
def second_steps_of(user: User) -> second_steps.SecondSteps:
    return second_steps.of(user)


def _first(table: tuple[tuple[str, str], ...], text: str) -> str | None:
    return next((name for name, pattern in table if re.search(pattern, text)), None)
