"""Sessions and second factors in the administration.

allauth's own pages for them would show the secret from which one-time codes are made, and would delete a session's
entry without ending the session.
"""

from typing import Any

import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401 - registered there first, to be replaced here
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin.site import ask_again, may_touch

admin.site.unregister(Authenticator)
admin.site.unregister(UserSession)


class _ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Look and delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(_ReadOnlyAdmin):
    """Who has which second factor; deleting one helps someone who lost it."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type", "created_at", "last_used_at")
    search_fields = ("user__username", "user__email")
    fields = ("user", "type", "created_at", "last_used_at")  # never `data`: it holds the secrets

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_again(request)
        return super().changelist_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        ask_again(request)
        return super().delete_view(request, *args, **kwargs)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request, obj and obj.user)


@admin.register(UserSession)
class UserSessionAdmin(_ReadOnlyAdmin):
    """Where people are signed in; deleting a row signs that browser out."""

    list_display = ("user", "created_at", "last_seen_at", "ip", "user_agent")
    list_filter = ("last_seen_at",)
    search_fields = ("user__username", "ip", "user_agent")
    fields = ("user", "created_at", "last_seen_at", "ip", "user_agent")

    def delete_model(self, request: HttpRequest, obj: UserSession) -> None:
        obj.end()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[UserSession]) -> None:
        for session in queryset.iterator():
            session.end()
