"""Invitation links: seen and revoked. They are made in their rooms; the link itself is a secret and is not shown."""

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from chat.admin.site import ChatAdmin
from chat.models import Invitation


class IsOpen(admin.SimpleListFilter):
    title = "still good"
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("yes", "Yes"), ("no", "No"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {"yes": True, "no": False}.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(is_good=chosen)


@admin.register(Invitation)
class InvitationAdmin(ChatAdmin):
    """Deleting an invitation revokes it. It also ends with its maker's right to invite, and with its room."""

    list_display = ("room", "created_by", "created_at", "expires_at", "uses_left", "good")
    list_filter = (IsOpen, "created_at")
    list_select_related = ("room", "created_by")
    search_fields = ("room__slug", "room__name", "created_by__username")
    search_help_text = "Room, or who made it."
    show_full_result_count = False
    fields = readonly_fields = ("room", "created_by", "created_at", "expires_at", "uses_left", "good")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        good = Exists(Invitation.objects.good().filter(pk=OuterRef("pk")))
        invitations: QuerySet[Invitation] = super().get_queryset(request).annotate(is_good=good)
        return invitations

    @admin.display(description="still good", boolean=True)
    def good(self, invitation: Any) -> bool:
        return bool(invitation.is_good)

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
