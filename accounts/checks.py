"""What `manage.py check` says about links and about web push. Without VAPID_PRIVATE_KEY that is off, and all is well."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning

from accounts import vapid
from accounts.origins import is_allowed_host


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
        hint = "Give push services someone to ask: VAPID_SUBJECT=mailto:you@example.org, or an https address."
        found.append(Error("VAPID_SUBJECT is neither mailto: nor https:.", hint=hint, id="accounts.E003"))
    return found


def check_public_url(**_: Any) -> list[CheckMessage]:
    """Find settings with which a link in a mail could lead to another server."""
    hint = "Set it to where people reach Parley: PUBLIC_URL=https://chat.example.org"
    if settings.PUBLIC_URL:
        if is_allowed_host(urlsplit(settings.PUBLIC_URL).netloc):
            return []
        return [Error("ALLOWED_HOSTS does not have the host of PUBLIC_URL.", id="accounts.E004")]
    if any(host.startswith((".", "*")) for host in settings.ALLOWED_HOSTS):
        text = "ALLOWED_HOSTS has a wildcard and PUBLIC_URL is not set: links in mails take the host of the request."
        return [CheckWarning(text, hint=hint, id="accounts.W001")]
    return []
