"""Messages: found by their words, seen, and deleted as their authors would: a tombstone stays, and tabs follow.

Rows are never removed and texts never changed here. Logs and the admin's own history name messages by room and place.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, linebreaks
from django.utils.safestring import SafeString, mark_safe

from chat.admin.site import BoundedPaginator, ChatAdmin, Deletables, operator, shortened
from chat.messages import changes
from chat.models import Kind, Message
from chat.search import search


@admin.register(Message)
class MessageAdmin(ChatAdmin):
    list_display = ("text", "in_room", "by", "kind", "created_at", "deleted_at")
    list_filter = ("kind", ("deleted_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("room", "author")
    list_per_page = 50
    # The primary key alone: any other order would sort the whole table for each page.
    ordering = ("-pk",)
    sortable_by = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    search_fields = ("content",)  # makes the box appear; get_search_results looks into the full-text index instead
    search_help_text = "All these words; the last one may be unfinished."
    fields = readonly_fields = (
        "room",
        "seq",
        "kind",
        "author",
        "whole_text",
        "reply_to",
        "created_at",
        "edited_at",
        "deleted_at",
        "deleted_by",
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Message], search_term: str
    ) -> tuple[QuerySet[Message], bool]:
        terms = search.terms_of(search_term)
        if terms:
            queryset &= search.matching(terms)
        elif search_term.strip():
            queryset = queryset.none()
        return queryset, False

    @admin.display(description="text")
    def text(self, message: Message) -> str:
        return "(deleted)" if message.deleted_at is not None else shortened(message.content) or "-"

    @admin.display(description="text")
    def whole_text(self, message: Message) -> SafeString:
        return format_html("<bdi>{}</bdi>", mark_safe(linebreaks(message.content, autoescape=True)))  # noqa: S308

    @admin.display(description="room")
    def in_room(self, message: Message) -> SafeString:
        return format_html('<a href="?room__id__exact={}">{}</a>', message.room_id, message.room.slug)

    @admin.display(description="author")
    def by(self, message: Message) -> SafeString | str:
        if message.author is None:
            return "-"
        return format_html('<a href="?author__id__exact={}">{}</a>', message.author_id, message.author.username)

    # --- What may be done --------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Message | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not _is_spared(obj))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Deletables:
        """Only the text goes: what hangs on a message needs no permission of its own."""
        return [str(message) for message in objs], {"messages": len(objs)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Message) -> None:
        changes.delete_as_operator(obj, operator(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        for message in queryset:
            if not _is_spared(message):
                changes.delete_as_operator(message, operator(request))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_delete_selected, "delete_selected", "Delete selected messages")
        return actions


def _delete_selected(
    modeladmin: MessageAdmin, request: HttpRequest, queryset: QuerySet[Message]
) -> HttpResponse | None:
    def delete(chosen: Sequence[Message]) -> None:
        modeladmin.log_deletions(request, chosen)  # type: ignore[arg-type] # any sequence of rows will do
        for message in chosen:
            changes.delete_as_operator(message, operator(request))

    return modeladmin.ask_or_do(
        request,
        queryset,
        action="delete_selected",
        title="Delete messages",
        explanation="Their text and reactions go, at once and in every tab. That something was deleted stays visible.",
        is_spared=_is_spared,
        do=delete,
        describe=_described,
    )


def _described(message: Message) -> SafeString:
    author = "no one" if message.author is None else message.author.username
    return format_html("{}, {}: {}", message.room.slug, author, shortened(message.content))


def _is_spared(message: Message) -> bool:
    return message.kind != Kind.TEXT or message.deleted_at is not None
