"""Pages that show how to build upon Parley."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from chat.pages.page import page, show


@page
@require_GET
def stream(request: HttpRequest) -> HttpResponseBase:
    """A room's events as they arrive, by EventSource."""
    return show(request, "chat/stream_example.html")
