"""What the pages of this package share: who acts, refusals as messages, and asking before many rows are changed."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from chat.access import Actor
from chat.protocol.errors import ProtocolError
from chat.quotes import excerpt_of

# Below Django's limit on the fields of a form (1000), each row being one hidden field of the page that asks.
CHOSEN_AT_MOST: Final = 500
_REACH_ROWS: Final = 10_000

Deletables = tuple[list[Any], dict[str, int], set[str], list[str]]


def operator(request: HttpRequest) -> Actor:
    """Return who uses the administration, as actions know people."""
    return Actor.of(request.user)  # type: ignore[arg-type] # the site lets only users in


def shortened(text: str) -> SafeString:
    """Return the beginning of what someone wrote; isolated, or its bidi overrides would turn the page around."""
    return format_html("<bdi>{}</bdi>", excerpt_of(text))


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages through the newest rows only: counting millions, or skipping them, would take longer than anybody waits."""

    @cached_property
    def count(self) -> int:
        reachable: Any = self.object_list[:_REACH_ROWS]
        return int(reachable.count())


class ChatAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """A refusal by an action is told to the person, without an error page."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().delete_view, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._or_refusal(request, super().changelist_view, *args, **kwargs)

    def _or_refusal(
        self, request: HttpRequest, view: Callable[..., HttpResponse], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except ProtocolError as error:
            if request.method != "POST":
                raise
            self.message_user(request, error.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def ask_or_do(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        *,
        action: str,
        title: str,
        explanation: str,
        is_spared: Callable[[Any], bool],
        do: Callable[[Sequence[Any]], None],
        describe: Callable[[Any], str] = str,
    ) -> HttpResponse | None:
        """Ask, naming what is chosen; once confirmed, `do` it to all that is not spared, and say how many it was."""
        chosen: list[Model] = list(queryset[: CHOSEN_AT_MOST + 1])
        if len(chosen) > CHOSEN_AT_MOST:
            self.message_user(request, f"Choose at most {CHOSEN_AT_MOST} at a time.", messages.ERROR)
            return None
        affected = [row for row in chosen if not is_spared(row)]
        if request.POST.get("post") and affected:
            do(affected)
            self.message_user(request, f"{title}: {len(affected)} done.", messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "explanation": explanation,
            "affected": [(row.pk, describe(row)) for row in affected],
            "spared": [describe(row) for row in chosen if row not in affected],
            "action": action,
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/chat/confirm.html", context)
