"""Files in messages: seen as a list of facts. Nothing is changed or opened here; they go when their messages go."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from chat.admin.site import BoundedPaginator, ChatAdmin, shortened
from chat.models import Attachment


@admin.register(Attachment)
class AttachmentAdmin(ChatAdmin):
    list_display = ("called", "content_type", "size", "room", "uploader", "created_at", "posted")
    list_filter = ("content_type", ("message", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("room", "uploader")
    ordering = ("-pk",)
    sortable_by = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    fields = readonly_fields = (
        "called",
        "content_type",
        "size",
        "width",
        "height",
        "room",
        "uploader",
        "created_at",
        "posted",
    )

    @admin.display(description="name")
    def called(self, attachment: Attachment) -> SafeString:
        return shortened(attachment.name)

    @admin.display(boolean=True)
    def posted(self, attachment: Attachment) -> bool:
        return attachment.message_id is not None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Attachment | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Attachment | None = None) -> bool:
        return False
