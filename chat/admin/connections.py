"""The open connections of the process that shows the page, and how many the others have. Reads what the process holds.

It is no table: `LiveConnection` is a name for the permission and for the entry in the index.
"""

import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import structlog
from asgiref.sync import async_to_sync
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from accounts.client_address import as_ip
from accounts.models import User
from chat.protocol.close import CloseCode
from chat.realtime.delivery.connection import Connection
from chat.server.process import running
from chat.server.runtime import Runtime

log = structlog.get_logger(__name__)

_SHOWN_AT_MOST: Final = 500


class LiveConnection(User):
    """Whose connections they are. `view` shows the page, `disconnect` allows its button."""

    class Meta:
        proxy = True
        app_label = "chat"
        default_permissions = ("view", "disconnect")
        verbose_name = "live connection"


class Seen(NamedTuple):
    """A connection as the page shows it."""

    id: str
    user_id: int
    username: str
    kind: str
    address: str
    opened_at: datetime
    active_at: datetime
    rooms: list[str]


class Process(NamedTuple):
    id: str
    connections: int
    is_own: bool


class Overview(NamedTuple):
    connections: list[Seen]
    matching: int
    processes: list[Process]


async def _look(process: Runtime, wanted: str) -> Overview:
    """Runs on the process's own loop, where nothing changes while it looks."""
    found = [each for each in process.registry if not each.is_closing and _matches(each, wanted)]
    found.sort(key=lambda each: (each.actor.username, each.opened_at))
    counts = process.presence.processes()
    own = process.hub.id
    processes = [Process(id_, counts[id_], id_ == own) for id_ in sorted(counts, key=lambda id_: (id_ != own, id_))]
    return Overview([_seen(each) for each in found[:_SHOWN_AT_MOST]], len(found), processes)


async def _disconnect(process: Runtime, ids: list[str]) -> list[str]:
    """Close these connections; return whose they were. 1012 lets a tab come back: this is no ban but a fresh start."""
    closed = []
    for connection in filter(None, map(process.registry.get, ids)):
        connection.close(CloseCode.RESTART)
        closed.append(connection.actor.username)
    return closed


def _matches(connection: Connection, wanted: str) -> bool:
    is_from_there = as_ip(wanted) == connection.address  # however the address is spelled
    return not wanted or wanted == connection.id or is_from_there or wanted.lower() in connection.actor.username


def _seen(connection: Connection) -> Seen:
    idle_seconds = time.monotonic() - connection.last_activity
    return Seen(
        id=connection.id,
        user_id=connection.user_id,
        username=connection.actor.username,
        kind=connection.credential.kind,
        address=connection.address,
        opened_at=datetime.fromtimestamp(connection.opened_at, UTC),
        active_at=datetime.fromtimestamp(time.time() - idle_seconds, UTC),
        rooms=sorted(connection.rooms),
    )


@admin.register(LiveConnection)
class LiveConnectionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_disconnect_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("chat.disconnect_liveconnection"))

    def get_urls(self) -> list[Any]:
        # The list alone: there are no rows that could have pages.
        return [url for url in super().get_urls() if url.name == "chat_liveconnection_changelist"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        process = running()
        if request.method == "POST":
            return self._disconnect_chosen(request, process)
        wanted = request.GET.get("q", "").strip()
        overview = Overview([], 0, []) if process is None else async_to_sync(_look)(process, wanted)
        context = {
            **self.admin_site.each_context(request),
            "title": "Live connections",
            "opts": self.opts,
            "wanted": wanted,
            "is_serving": process is not None,
            "overview": overview,
            "unshown": overview.matching - len(overview.connections),
            "may_disconnect": self.has_disconnect_permission(request),
        }
        return TemplateResponse(request, "admin/chat/live_connections.html", context)

    def _disconnect_chosen(self, request: HttpRequest, process: Runtime | None) -> HttpResponse:
        if not self.has_disconnect_permission(request):
            raise PermissionDenied
        ids = request.POST.getlist("connection")
        closed = [] if process is None else async_to_sync(_disconnect)(process, ids)
        log.info("admin.disconnected", by=request.user.pk, connections=ids, closed=len(closed))
        if closed:
            self.message_user(request, f"Disconnected: {', '.join(closed)}.", messages.SUCCESS)
        else:
            self.message_user(request, "None of these is open in this process any more.", messages.WARNING)
        return HttpResponseRedirect(request.get_full_path())
