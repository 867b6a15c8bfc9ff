"""Invitation links: seen and revoked. They are made in their rooms; the link itself is a secret and is not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from chat.admin.site import ChatAdmin
from chat.models import Invitation


class IsOpen(admin.SimpleListFilter):
    title = "still good"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("yes", "Yes"), ("no", "No"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> QuerySet[Invitation]:
        over = Q(expires_at__lte=timezone.now()) | Q(uses_left=0)
        return {"yes": queryset.exclude(over), "no": queryset.filter(over)}.get(self.value() or "", queryset)


@admin.register(Invitation)
class InvitationAdmin(ChatAdmin):
    """Deleting an invitation is revoking it: who follows the link afterwards is told that it is over."""

    list_display = ("room", "created_by", "created_at", "expires_at", "uses_left", "good")
    list_filter = (IsOpen, "created_at")
    list_select_related = ("room", "created_by")
    search_fields = ("room__slug", "room__name", "created_by__username")
    search_help_text = "Room, or who made it."
    show_full_result_count = False
    fields = readonly_fields = ("room", "created_by", "created_at", "expires_at", "uses_left", "good")

    @admin.display(description="still good", boolean=True)
    def good(self, invitation: Invitation) -> bool:
        return invitation.is_open

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            function, name, _description = actions["delete_selected"]
            actions["delete_selected"] = (function, name, "Revoke selected invitations")
        return actions
