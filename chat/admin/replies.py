"""Claude's replies: who asked where, how each ended, what it cost, and why it failed.

Look only. No text is shown here, neither prompt nor reply: those are messages, and shown as such.
"""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.admin.site import BoundedPaginator, ChatAdmin, shortened
from chat.billing import pricing
from chat.billing.spending import dollars
from chat.model_choice import DEMO_MODEL
from chat.models import USAGE_KINDS, Reply


class ByModel(admin.SimpleListFilter):
    """The models known here. To ask the table which it holds would read all of it for each page."""

    title = parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        names = dict.fromkeys([settings.CLAUDE_MODEL, *pricing.models(), DEMO_MODEL])
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class ReadOnlyAdmin(ChatAdmin):
    """Rows that the program alone writes."""

    # The primary key alone: any other order would sort the whole table for each page.
    ordering = ("-pk",)
    sortable_by = ()
    list_per_page = 50
    paginator = BoundedPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Reply)
class ReplyAdmin(ReadOnlyAdmin):
    list_display = ("number", "state", "in_room", "by", "model_name", "tokens", "cost", "created_at", "reason")
    list_filter = ("state", ByModel, "created_at")
    list_select_related = ("room", "requested_by")
    search_fields = ("room__slug", "room__name", "requested_by__username")
    search_help_text = "Room, or who asked."
    fieldsets = (
        (None, {"fields": ("state", "room", "its_message", "requested_by", "model", "version", "attempt")}),
        ("How it ended", {"fields": ("stop_reason", "stopped_by", "error", "error_detail")}),
        (
            "What it cost",
            {"fields": ("cost", *USAGE_KINDS)},
        ),
        ("When", {"fields": ("created_at", "started_at", "ended_at")}),
        ("Who runs it", {"fields": ("owner", "epoch", "lease_expires_at", "n", "context_from", "has_summary")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Reply]:
        # Replies are long, and not shown: the rows of a page would carry them for nothing.
        replies: QuerySet[Reply] = super().get_queryset(request)
        return replies.defer("text", "thinking", "tools", "prompt_content")

    @admin.display(description="reply")
    def number(self, reply: Reply) -> str:
        return f"#{reply.pk}"

    @admin.display(description="room")
    def in_room(self, reply: Reply) -> SafeString:
        return format_html('<a href="?q={}">{}</a>', reply.room.slug, reply.room.slug)

    @admin.display(description="asked by")
    def by(self, reply: Reply) -> SafeString | str:
        if reply.requested_by is None:
            return "-"
        return format_html('<a href="?q={}">{}</a>', reply.requested_by.username, reply.requested_by.username)

    @admin.display(description="message")
    def its_message(self, reply: Reply) -> SafeString:
        return format_html(
            '<a href="{}">in the list of messages</a>', reverse("admin:chat_message_change", args=[reply.message_id])
        )

    @admin.display(description="model")
    def model_name(self, reply: Reply) -> SafeString:
        return format_html('<span class="nowrap">{}</span>', reply.model)

    @admin.display(description="tokens")
    def tokens(self, reply: Reply) -> str:
        read = reply.usage.prompt_tokens
        return f"{read + reply.output_tokens:,}"

    @admin.display(description="cost")
    def cost(self, reply: Reply) -> str:
        return dollars(reply.cost_microusd)

    @admin.display(description="why it failed")
    def reason(self, reply: Reply) -> str:
        return shortened(reply.error_detail or reply.error) or "-"
