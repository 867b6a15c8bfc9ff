"""Lets Django's own administration run under our Content-Security-Policy.

Its jQuery 3 assigns strings to innerHTML, which `require-trusted-types-for` forbids: menus and pickers would be dead.
Only that directive goes, and only there; scripts and styles still come from our own files alone.
"""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

RELAXED = {"require-trusted-types-for": None}


@sync_and_async_middleware
def admin_csp_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Stands after CSPMiddleware in the list, so that it marks the response before the header is written."""

    async def serve(request: HttpRequest) -> HttpResponseBase:
        return _relax(request, await get_response(request))

    def serve_in_thread(request: HttpRequest) -> HttpResponseBase:
        return _relax(request, get_response(request))

    return serve if iscoroutinefunction(get_response) else serve_in_thread


def _relax(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    match = request.resolver_match
    if match is not None and "admin" in match.app_names:
        # The attribute by which django-csp lets one response differ; its decorators set the same.
        setattr(response, "_csp_replace", RELAXED | getattr(response, "_csp_replace", {}))  # noqa: B010
    return response
