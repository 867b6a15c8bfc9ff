"""Telling everyone, a room or a person something. What was told cannot be changed: people have read it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from chat.admin.site import ChatAdmin, operator, shortened
from chat.models import Announcement
from chat.people.announcements import announce


@admin.register(Announcement)
class AnnouncementAdmin(ChatAdmin):
    list_display = ("beginning", "target", "created_by", "created_at")
    list_filter = ("created_at",)
    list_select_related = ("room", "user", "created_by")
    search_fields = ("text", "room__slug", "user__username")
    show_full_result_count = False
    autocomplete_fields = ("room", "user")
    readonly_fields = ("created_by", "created_at")

    def get_fieldsets(self, request: HttpRequest, obj: Announcement | None = None) -> Any:
        if obj is not None:
            return ((None, {"fields": ("text", "room", "user", *self.readonly_fields)}),)
        explanation = (
            "Every open tab hears it at once. For everyone, leave both empty; a room means the tabs that have it open."
        )
        return ((None, {"fields": ("text",)}), ("For whom", {"fields": ("room", "user"), "description": explanation}))

    @admin.display(description="text")
    def beginning(self, announcement: Announcement) -> SafeString:
        return shortened(announcement.text)

    @admin.display(description="for")
    def target(self, announcement: Announcement) -> str:
        if announcement.room is not None:
            return f"room {announcement.room.slug}"
        return "everyone" if announcement.user is None else announcement.user.username

    def has_change_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Announcement, form: Any, change: bool) -> None:
        obj.created_by_id = operator(request).id
        announce(obj)
