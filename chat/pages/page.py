"""What all pages share: who may see them, and how refusals and successes of the use cases reach the reader."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, Final, TypeVar, cast

import msgspec
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from msgspec import UNSET, UnsetType

from accounts.models import User
from chat.access import Actor
from chat.pages import page_data
from chat.protocol import frames, requests
from chat.protocol.errors import ErrorCode, ProtocolError, invalid
from chat.protocol.names import LIST_CURSOR_PATTERN

_QUERY_CHARS: Final = 100

View = Callable[..., HttpResponseBase]
AnyRequest = TypeVar("AnyRequest", bound=requests.Request)


def page(view: View) -> View:
    """Wrap a page for people who are signed in. Refusals become 404 and 403; others of a form are said on its page."""

    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except ProtocolError as error:
            if error.code == ErrorCode.NOT_FOUND:
                raise Http404(error.message) from error
            if error.code == ErrorCode.UNAUTHORIZED:
                raise PermissionDenied(error.message) from error
            if request.method != "POST":
                raise
            messages.error(request, error.message)
            return redirect(request.get_full_path())

    # A page out of the browser's cache would show rooms to the next person who signs in.
    return never_cache(login_required(shown))


def actor_of(request: HttpRequest) -> Actor:
    return Actor.of(cast("User", request.user))


def show(request: HttpRequest, template: str, status: int = 200, **facts: Any) -> HttpResponse:
    shell = page_data.shell(actor_of(request), cast("User", request.user), facts.get("active_room", ""))
    return render(request, template, {**shell, **facts}, status=status)


def query_of(request: HttpRequest) -> str:
    """Return the name that a page is searched for."""
    return " ".join(request.GET.get("q", "").split())[:_QUERY_CHARS]


def number_of(text: str, digits: int = 6) -> int:
    """Return the number of a page in an address: 1 for anything that is not a number of so many digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else 1


def cursor_of(request: HttpRequest) -> str | UnsetType:
    """Return where the page of a list begins. An address that someone changed shows the first page."""
    after = request.GET.get("after", "")
    return after if re.search(LIST_CURSOR_PATTERN, after) else UNSET


def asked(kind: type[AnyRequest], /, **fields: Any) -> AnyRequest:
    """Build a request as the socket would, under the same limits. Raises VALIDATION_ERROR."""
    try:
        request = msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error), "$") from error
    frames.refuse_unstorable(request)
    return request


def done(request: HttpRequest, act: Callable[[], object], success: str = "") -> bool:
    """Do what a form asks; tell the reader how it went. Refusals are sentences, not error pages."""
    try:
        act()
    except ProtocolError as error:
        messages.error(request, error.message)
        return False
    if success:
        messages.success(request, success)
    return True


def tell_errors(request: HttpRequest, form: forms.BaseForm) -> None:
    for errors in form.errors.values():
        for error in errors:
            messages.error(request, str(error))
