"""Keeps the list of one's sessions up to date."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

ACTIVITY_RESOLUTION: Final = timedelta(minutes=1)


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
