"""Rooms: seen, made, renamed, filled, archived, restored and deleted after a delay, while open tabs follow."""

from collections.abc import Sequence
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.admin.memberships import MembershipInline, save_members
from chat.admin.site import ChatAdmin, operator
from chat.models import Membership, Room, RoomKind
from chat.models.room import CLAUDE_COLUMNS
from chat.pages.claude_fields import fields_of
from chat.protocol import requests
from chat.protocol.room_settings import SETTINGS
from chat.rooms import operators, rooms

# A page with more rows would pass Django's limit on the fields of a form, and take long to open.
_INLINE_MEMBERS_AT_MOST: Final = 100
_OF_CLAUDE: Final = tuple(CLAUDE_COLUMNS.values())
_CHANGEABLE: Final = ("name", "topic", "kind", *_OF_CLAUDE)
_CHOOSABLE_KINDS: Final = (RoomKind.OPEN, RoomKind.CLOSED)


@admin.register(Room)
class RoomAdmin(ChatAdmin):
    list_display = (
        "name",
        "slug",
        "kind",
        "member_count",
        "last_message_at",
        "archived_at",
        "deletes_at",
        "created_at",
    )
    list_filter = ("kind", ("archived_at", admin.EmptyFieldListFilter), "last_message_at", "created_at")
    search_fields = ("slug", "name", "topic")
    ordering = ("name", "slug")
    show_full_result_count = False
    actions = ("archive", "restore", "delete_later")
    fieldsets = (
        (None, {"fields": ("slug", "name", "topic", "kind")}),
        ("Claude", {"fields": _OF_CLAUDE}),
        ("State", {"fields": ("members_in_it", "messages_in_it", "last_message_at", "archived_at", "deletes_at")}),
        ("Origin", {"fields": ("created_by", "created_at")}),
    )
    readonly_fields = (
        "members_in_it",
        "messages_in_it",
        "last_message_at",
        "archived_at",
        "deletes_at",
        "created_by",
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        # Counted for the rows of the page only; a join would group all rooms before the first page is cut off.
        members = Membership.objects.filter(room=OuterRef("pk")).order_by().values("room").annotate(number=Count("pk"))
        count = Coalesce(Subquery(members.values("number"), output_field=IntegerField()), 0)
        rooms_: QuerySet[Room] = super().get_queryset(request).annotate(member_count=count)
        return rooms_

    @admin.display(description="members", ordering="member_count")
    def member_count(self, room: Any) -> int:
        return int(room.member_count)

    @admin.display(description="members")
    def members_in_it(self, room: Any) -> SafeString:
        return _link("admin:chat_membership_changelist", room, f"{room.member_count} in the list of memberships")

    @admin.display(description="messages")
    def messages_in_it(self, room: Room) -> SafeString:
        return _link("admin:chat_message_changelist", room, "in the list of messages")

    # --- Forms -------------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Room | None = None) -> Any:
        if obj is None:
            return self.fieldsets[:1]
        shown = (name for name, setting in SETTINGS.items() if obj.is_session or not setting.in_sessions_only)
        own = tuple(CLAUDE_COLUMNS[name] for name in shown)
        return [(title, {"fields": own} if title == "Claude" else options) for title, options in self.fieldsets]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Room | None = None) -> dict[str, Sequence[str]]:
        return {"slug": ("name",)} if obj is None else {}

    def get_readonly_fields(self, request: HttpRequest, obj: Room | None = None) -> tuple[str, ...]:
        if obj is None:
            return self.readonly_fields
        fixed = {RoomKind.DIRECT.value: _CHANGEABLE, RoomKind.SESSION.value: ("kind",)}.get(obj.kind, ())
        return ("slug", *fixed, *self.readonly_fields)

    def get_form(self, request: HttpRequest, obj: Room | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if obj is not None:
            for name, field in fields_of(obj).items():
                if CLAUDE_COLUMNS[name] in form.base_fields:
                    form.base_fields[CLAUDE_COLUMNS[name]] = field
        if "kind" in form.base_fields:
            kinds = _CHOOSABLE_KINDS if obj is not None else (*_CHOOSABLE_KINDS, RoomKind.SESSION)
            form.base_fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        return form

    def get_inlines(self, request: HttpRequest, obj: Room | None) -> list[Any]:
        if obj is None or Membership.objects.filter(room=obj).count() > _INLINE_MEMBERS_AT_MOST:
            return []
        return [MembershipInline]

    # --- Writing -----------------------------------------------------------------------------------------------------

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        if change:
            wanted = {name: form.cleaned_data[name] for name in form.changed_data if name in _CHANGEABLE}
            wanted = {name: value for name, value in wanted.items() if value is not None}
            operators.change_room(obj.pk, wanted, operator(request))
            return
        kind: Any = obj.kind
        request_ = requests.CreateRoom(kind=kind, name=obj.name, room=obj.slug, topic=obj.topic)
        made = rooms.create_room(operator(request), request_)
        obj.pk = Room.objects.values_list("pk", flat=True).get(slug=made.room.slug)
        obj.refresh_from_db()

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        save_members(formset, request)

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return False

    @admin.action(description="Archive selected rooms", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        return self.ask_or_do(
            request,
            queryset,
            action="archive",
            title="Archive rooms",
            explanation="No one can write in them any more, and they leave everyone's list. Their history stays.",
            is_spared=lambda room: room.archived_at is not None,
            do=lambda chosen: self._archive(request, chosen),
        )

    @admin.action(description="Restore selected rooms", permissions=["change"])
    def restore(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        return self.ask_or_do(
            request,
            queryset,
            action="restore",
            title="Restore rooms",
            explanation="Their members can write in them again, and find them in their lists. No deletion is due any more.",
            is_spared=lambda room: room.archived_at is None,
            do=lambda chosen: self._restore(request, chosen),
        )

    def _restore(self, request: HttpRequest, chosen: Sequence[Room]) -> None:
        for room in chosen:
            operators.restore_room(room.pk, operator(request))
            self.log_change(request, room, "Restored.")

    @admin.action(description="Delete selected rooms after a delay", permissions=["change"])
    def delete_later(self, request: HttpRequest, queryset: QuerySet[Room]) -> HttpResponse | None:
        days = settings.ROOM_DELETION_DAYS
        return self.ask_or_do(
            request,
            queryset,
            action="delete_later",
            title="Delete rooms",
            explanation=f"They are archived now. In {days:g} days they are deleted with all messages and files, for good. "
            "Until then they can be restored. Direct rooms stay.",
            is_spared=lambda room: room.deletes_at is not None or room.kind == RoomKind.DIRECT,
            do=lambda chosen: self._delete_later(request, chosen),
        )

    def _delete_later(self, request: HttpRequest, chosen: Sequence[Room]) -> None:
        for room in chosen:
            operators.delete_room(room.pk, operator(request))
            self.log_change(request, room, "To be deleted.")

    def _archive(self, request: HttpRequest, chosen: Sequence[Room]) -> None:
        for room in chosen:
            operators.archive_room(room.pk, operator(request))
            self.log_change(request, room, "Archived.")


def _link(name: str, room: Room, text: str) -> SafeString:
    return format_html('<a href="{}?room__id__exact={}">{}</a>', reverse(name), room.pk, text)
