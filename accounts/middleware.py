"""Keeps what is known of a person's browsers up to date: their sessions, and the time zone."""

import re
import zoneinfo
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User

ACTIVITY_RESOLUTION: Final = timedelta(minutes=1)
TIME_ZONE_COOKIE: Final = "timezone"
TIME_ZONE_CHARS: Final = 64
# Of the names, only regions and places: "posixrules" and the like are files beside them.
_TIME_ZONE: Final = re.compile(r"UTC|GMT|[A-Z][A-Za-z]+(?:/[A-Z][A-Za-z0-9_+-]*){1,2}")


class SessionActivityMiddleware:
    """Notes when and from where a session was last used, at most once a minute.

    allauth's own middleware writes a row for every request: with SQLite, pages would queue behind the messages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated and not self._known(request):
            UserSession.objects.create_from_request(request)
        return self.get_response(request)

    def _known(self, request: HttpRequest) -> bool:
        """Whether this session was noted within the last minute with the same browser and address."""
        agent_chars = UserSession._meta.get_field("user_agent").max_length
        known: bool = UserSession.objects.filter(
            session_key=request.session.session_key,
            user=request.user.pk,
            ip=get_adapter().get_client_ip(request),
            user_agent=request.headers.get("User-Agent", "")[:agent_chars],
            last_seen_at__gt=timezone.now() - ACTIVITY_RESOLUTION,
        ).exists()
        return known


class TimeZoneMiddleware:
    """Shows times in the reader's time zone, and remembers it: a page has found it in its browser, and left it in a cookie
    (pages/shell/time-zone.js). A browser without the cookie gets the zone that this person's other browsers had.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = request.COOKIES.get(TIME_ZONE_COOKIE, "")
        # Without a session no one is signed in, and asking for them would make the page one that no cache may keep.
        user = request.user if request.session.session_key else None
        if not is_time_zone(name):
            name = user.time_zone if isinstance(user, User) else ""
        elif isinstance(user, User) and name != user.time_zone:
            User.objects.filter(pk=user.pk).update(time_zone=name)
            user.time_zone = name
        with timezone.override(zoneinfo.ZoneInfo(name) if name else None):
            return self.get_response(request)


def is_time_zone(name: str) -> bool:
    """Whether the system knows a time zone by this name. The name is a stranger's: it becomes the path of a file."""
    if len(name) > TIME_ZONE_CHARS or not _TIME_ZONE.fullmatch(name):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return False
    return True
