"""What bans have in common, from the installation and from a room: an end that needs no one to lift them, and a sentence."""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

REASON_CHARS: Final = 200
LONGEST: Final = timedelta(days=3660)


def in_force(ends_at: str) -> Q:
    """Return the condition under which a ban still holds, by the name of the field that says when it ends.

    Compared at each use: a ban that has ended lets people in even if nothing ever ran to lift it.
    """
    return Q(**{ends_at: None}) | Q(**{f"{ends_at}__gt": timezone.now()})


def active(user: str = "") -> Q:
    """Return the condition under which people may use Parley: neither deactivated nor banned at this moment.

    user: the name of the field that leads to them, where it is another row that is looked for.
    """
    field = f"{user}__" if user else ""
    free = Q(**{f"{field}banned_at": None}) | Q(**{f"{field}ban_ends_at__lte": timezone.now()})
    return Q(**{f"{field}is_active": True}) & free


def lasting(user: str = "") -> Q:
    """Return the condition under which people are not gone: a ban with an end, they outlast."""
    field = f"{user}__" if user else ""
    outlasted = Q(**{f"{field}banned_at": None}) | Q(**{f"{field}ban_ends_at__isnull": False})
    return Q(**{f"{field}is_active": True}) & outlasted


def has_ended(ends_at: datetime | None) -> bool:
    return ends_at is not None and ends_at <= timezone.now()


def end_in_words(ends_at: datetime | None) -> str:
    """Return " until 7 December 2026, 14:00 UTC", or nothing for a ban without an end."""
    return "" if ends_at is None else f" until {date_format(ends_at, 'j F Y, H:i')} UTC"


def sentence(of_what: str, ends_at: datetime | None, reason: str) -> str:
    """Return what a banned person is told."""
    told = f"You are banned from {of_what}{end_in_words(ends_at)}."
    return f"{told} Reason: {reason}" if reason else told
