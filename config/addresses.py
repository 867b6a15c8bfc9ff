"""Refuses addresses and cookies with a NUL in them, and unknown static files; has links begin with the public origin.

PostgreSQL takes no text with a NUL: every page would respond with an error of the server, and leave a traceback in the log.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponseNotFound
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.decorators import sync_and_async_middleware

from accounts.origins import make_links_public
from config.static import are_missing

_NUL: Final = "\0"
_ESCAPED_NUL: Final = "%00"


@sync_and_async_middleware
def address_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Stands before everything that reads the database, and after what writes headers."""

    async def serve(request: HttpRequest) -> HttpResponseBase:
        make_links_public(request)
        return _refused(request) or await get_response(request)

    def serve_in_thread(request: HttpRequest) -> HttpResponseBase:
        make_links_public(request)
        return _refused(request) or get_response(request)

    return serve if iscoroutinefunction(get_response) else serve_in_thread


def _holds_nul(request: HttpRequest) -> bool:
    query = request.META.get("QUERY_STRING", "")
    if _NUL in request.path or _ESCAPED_NUL in query or _NUL in query:
        return True
    # Quoted, a cookie may write it as \000.
    return any(_NUL in value for value in request.COOKIES.values())


def _refused(request: HttpRequest) -> HttpResponseBase | None:
    if _holds_nul(request):
        return render(request, "400.html", status=400)
    if request.path.startswith(settings.STATIC_URL):
        # Whatever is there was served before this. Such requests wait in no line (config.admission), so they may take
        # nothing that is scarce: no session, no thread that renders a page.
        return _unknown_file(request)
    return None


def _unknown_file(request: HttpRequest) -> HttpResponseBase:
    """Return our page to a person who has typed the address, and two words to a page that misses a part of it."""
    if "text/html" in request.headers.get("Accept", "") and not are_missing():
        return HttpResponseNotFound(_not_found_page())
    return HttpResponseNotFound("Unknown file.", content_type="text/plain")


@cache
def _not_found_page() -> str:
    """Drawn once, for no one in particular."""
    return render_to_string("404.html")
