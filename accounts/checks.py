"""What `manage.py check` says about the settings of web push. Without VAPID_PRIVATE_KEY it is off, and all is well."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from accounts import vapid


def check_web_push(**_: Any) -> list[CheckMessage]:
    """Find what keeps web push from working although its key is set. Never shows the key."""
    if not settings.VAPID_PRIVATE_KEY:
        return []
    found: list[CheckMessage] = []
    if not vapid.is_installed():
        hint = "Install it: python -m pip install -r requirements-push.txt"
        found.append(Error("VAPID_PRIVATE_KEY is set, but pywebpush is not installed.", hint=hint, id="accounts.E001"))
    try:
        vapid.public_key_of(settings.VAPID_PRIVATE_KEY)
    except ValueError:
        hint = "Make one: python manage.py vapid_keys"
        found.append(Error("VAPID_PRIVATE_KEY is no key.", hint=hint, id="accounts.E002"))
    if not vapid.is_subject(settings.VAPID_SUBJECT):
        hint = "Give push services somebody to ask: VAPID_SUBJECT=mailto:you@example.org, or an https address."
        found.append(Error("VAPID_SUBJECT is neither mailto: nor https:.", hint=hint, id="accounts.E003"))
    return found
