"""Bans from rooms: seen, imposed and lifted on the operators' word; the rooms' own ranks don't bind them."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.bans import in_force
from chat.admin.site import ChatAdmin, operator
from chat.models import RoomBan, RoomKind
from chat.rooms import operators


class InForce(admin.SimpleListFilter):
    title = "in force"
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> tuple[tuple[str, str], ...]:
        return (("yes", "Yes"), ("no", "No"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[RoomBan]) -> QuerySet[RoomBan]:
        holds = in_force("ends_at")
        return {"yes": queryset.filter(holds), "no": queryset.exclude(holds)}.get(self.value() or "", queryset)


class RoomBanForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says beforehand what can't be. A second ban of the same person replaces the first."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        room = cleaned.get("room")
        if room is not None and room.kind == RoomKind.DIRECT:
            self.add_error("room", "A direct room always has the same two people.")
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """Leave the constraint to the action, which replaces; the form's own fields have been checked by then."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc] # a hook without a type
        return excluded | {"room", "user"}


@admin.register(RoomBan)
class RoomBanAdmin(ChatAdmin):
    """Deleting a ban lifts it."""

    form = RoomBanForm
    list_display = ("user", "room", "reason", "ends_at", "holds", "created_by", "created_at")
    list_filter = (InForce, "created_at")
    list_select_related = ("user", "room", "created_by")
    search_fields = ("user__username", "user__display_name", "room__slug", "room__name", "reason")
    search_help_text = "User name, display name, room, reason."
    show_full_result_count = False
    ordering = ("-pk",)
    fields = readonly_fields = ("room", "user", "reason", "ends_at", "holds", "created_by", "created_at")
    autocomplete_fields = ("room", "user")

    @admin.display(description="in force", boolean=True)
    def holds(self, ban: RoomBan) -> bool:
        return ban.is_in_force

    def get_fields(self, request: HttpRequest, obj: RoomBan | None = None) -> tuple[str, ...]:
        return self.fields if obj is not None else ("room", "user", "reason", "ends_at")

    def get_readonly_fields(self, request: HttpRequest, obj: RoomBan | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj is not None else ()

    def has_change_permission(self, request: HttpRequest, obj: RoomBan | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: RoomBan, form: Any, change: bool) -> None:
        obj.pk = operators.ban(obj.room_id, obj.user_id, obj.reason, obj.ends_at, operator(request)).pk
        obj.refresh_from_db()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_lift_selected, "delete_selected", "Lift selected bans")
        return actions


def _lift_selected(modeladmin: RoomBanAdmin, request: HttpRequest, queryset: QuerySet[RoomBan]) -> HttpResponse | None:
    def lift(bans: Sequence[RoomBan]) -> None:
        modeladmin.log_deletions(request, bans)  # type: ignore[arg-type] # any sequence of rows will do
        RoomBan.objects.filter(pk__in=[ban.pk for ban in bans]).delete()

    return modeladmin.ask_or_do(
        request,
        queryset,
        action="delete_selected",
        title="Lift bans",
        explanation="These people may come back to the rooms. They aren't members again by that.",
        is_spared=lambda ban: not ban.is_in_force,
        do=lift,
    )
