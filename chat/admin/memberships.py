"""Who is in which room. Removing someone silences their tabs within a second; nothing here deletes a row on its own."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from chat.admin.site import ChatAdmin, operator
from chat.models import Membership, Role, Room, RoomKind
from chat.rooms import operators


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says beforehand what cannot be."""

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        user, room = cleaned.get("user"), cleaned.get("room")
        if self.instance.pk is None and user is not None:
            if not user.is_active:
                self.add_error("user", "This account is deactivated.")
            elif user.is_banned:
                self.add_error("user", "This account is banned.")
            if isinstance(room, Room) and room.kind == RoomKind.DIRECT and not _is_of_direct_room(room, user.pk):
                self.add_error("user", "A direct room always has the same two people.")
        return cleaned


class InlineMembershipForm(MembershipForm):
    """A row of a room's page: a new member is chosen, one who is there already only gets another role."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = self.fields.get("user")
        if self.instance.pk is not None and user is not None:
            user.disabled = True
            # Only the one who is there: the picker would ask the database for its label, row by row.
            user.widget = forms.Select(choices=[(self.instance.user_id, str(self.instance.user))])


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Membership
    form = InlineMembershipForm
    fields = ("user", "role", "since")
    readonly_fields = ("since",)
    autocomplete_fields = ("user",)
    extra = 1
    verbose_name = "member"
    verbose_name_plural = "members"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        # Each row is headed by its membership's name, which names the room too.
        return super().get_queryset(request).select_related("user", "room").order_by("user__username")

    @admin.display(description="since")
    def since(self, membership: Membership) -> str:
        is_row_for_a_new_one = membership._state.adding
        return "" if is_row_for_a_new_one else date_format(localtime(membership.joined_at), "DATETIME_FORMAT")


def save_members(formset: Any, request: HttpRequest) -> None:
    """Carry out what a room's page says of its members.

    First additions, then roles, the highest first, then removals, owners last: a room that has an owner in the end must not
    be given another one in between.
    """
    formset.save(commit=False)
    for membership in formset.new_objects:
        operators.add_member(membership.room_id, membership.user_id, membership.role, operator(request))
    changed_roles = [membership for membership, changed in formset.changed_objects if "role" in changed]
    for membership in sorted(changed_roles, key=_rank, reverse=True):
        operators.set_role(membership, membership.role)
    for membership in sorted(formset.deleted_objects, key=_rank):
        operators.remove_member(membership, operator(request))


def _rank(membership: Membership) -> int:
    return Role(membership.role).rank


@admin.register(Membership)
class MembershipAdmin(ChatAdmin):
    form = MembershipForm
    list_display = ("user", "room", "role", "muted", "joined_at")
    list_filter = ("role", "room__kind", "muted", "joined_at")
    list_select_related = ("user", "room")
    search_fields = ("user__username", "user__display_name", "room__slug", "room__name")
    search_help_text = "User name, display name, room."
    show_full_result_count = False
    ordering = ("room__slug", "user__username")
    fields = ("room", "user", "role", "muted", "last_read_seq", "joined_at")
    readonly_fields = ("muted", "last_read_seq", "joined_at")
    autocomplete_fields = ("room", "user")

    def get_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        return self.fields if obj is not None else ("room", "user", "role")

    def get_readonly_fields(self, request: HttpRequest, obj: Membership | None = None) -> tuple[str, ...]:
        # Another room or person would be another membership, and no one would have been told of either.
        return self.readonly_fields if obj is None else ("room", "user", *self.readonly_fields)

    def save_model(self, request: HttpRequest, obj: Membership, form: Any, change: bool) -> None:
        if not change:
            added = operators.add_member(obj.room_id, obj.user_id, obj.role, operator(request))
            obj.pk = added.pk
            obj.refresh_from_db()
        elif "role" in form.changed_data:
            operators.set_role(obj, obj.role)

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        operators.remove_member(obj, operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._remove(request, list(queryset.select_related("user", "room")))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_remove_selected, "delete_selected", "Remove selected members")
        return actions

    def _remove(self, request: HttpRequest, memberships: Sequence[Membership]) -> None:
        """One transaction each: many rooms locked at once would keep everyone in them from posting."""
        for membership in sorted(memberships, key=_rank):  # owners last, see save_members
            operators.remove_member(membership, operator(request))


def _remove_selected(
    modeladmin: MembershipAdmin, request: HttpRequest, queryset: QuerySet[Membership]
) -> HttpResponse | None:
    def remove(memberships: Sequence[Membership]) -> None:
        modeladmin.log_deletions(request, memberships)  # type: ignore[arg-type] # any sequence of rows will do
        modeladmin._remove(request, memberships)  # noqa: SLF001 - a method of this module's own class

    return modeladmin.ask_or_do(
        request,
        queryset,
        action="delete_selected",
        title="Remove members",
        explanation="Their tabs get nothing more from these rooms within a second. What they wrote stays.",
        is_spared=lambda _membership: False,
        do=remove,
    )


def _is_of_direct_room(room: Room, user_id: int) -> bool:
    return str(user_id) in (room.direct_key or "").split(":")
