"""The door of the administration: the same sign-in as everywhere, with its throttling and its second factor."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts import proof, views
from accounts.models import User

_ask_to_sign_in = secure_admin_login(admin.site.login)


@never_cache
def login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Send anonymous people to the sign-in page; tell others plainly that this is not for them.

    Without the second, someone signed in without being staff would be sent here and back forever.
    """
    if request.user.is_authenticated and not admin.site.has_permission(request):
        return views.not_staff(request)
    response: HttpResponse = _ask_to_sign_in(request, extra_context)
    return response


def ask_again(request: HttpRequest) -> None:
    """Ask staff to sign in again before they give a person a way in, or take away what protects an account.

    Otherwise one session that was taken over could go on to take over every account. What shuts people out (deactivating,
    revoking, signing out) is not asked for: in an emergency it must be quick.
    """
    if request.method == "POST":
        proof.demand(request)


def may_touch(request: HttpRequest, user: User | None) -> bool:
    """Whether staff may change a person, or what lets them in. Only superusers touch superusers."""
    return user is None or not user.is_superuser or bool(request.user.is_superuser)


admin.site.login = login  # type: ignore[method-assign]
admin.site.site_header = "Parley"
admin.site.site_title = "Parley administration"
admin.site.index_title = f"Administration of Parley {settings.VERSION}"
