"""API tokens in the administration: seen, searched and revoked; never made, since only their owner may see a secret."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import ApiToken


@admin.register(ApiToken)
class ApiTokenAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Deleting a token is revoking it."""

    list_display = ("name", "user", "masked", "created_at", "expires_at", "last_used_at", "last_used_from")
    list_display_links = ("name",)
    list_filter = ("created_at", "last_used_at")
    search_fields = ("name", "start", "hint", "last_used_from", "user__username", "user__email")
    date_hierarchy = "created_at"
    fields = readonly_fields = (
        "user",
        "name",
        "masked",
        "created_at",
        "expires_at",
        "last_used_at",
        "last_used_from",
    )

    @admin.display(description="secret", ordering="hint")
    def masked(self, token: ApiToken) -> str:
        return token.masked

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
