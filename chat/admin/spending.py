"""The bill and its counters, and one page that sums them up. Look only: the limits are settings, not rows."""

from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path

from accounts.models import User
from chat.admin.replies import ByModel, ReadOnlyAdmin
from chat.billing import pricing, usage
from chat.billing.spending import dollars, today
from chat.claude import recent_failures
from chat.claude.model_offer import leaving_models
from chat.model_choice import is_demo
from chat.models import USAGE_KINDS, Charge, ChargeState, Room, Spending

_OPEN_SHOWN_AT_MOST: Final = 20


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    list_display = (
        "created_at",
        "state",
        "purpose",
        "user",
        "room",
        "model",
        "reserved",
        "cost",
        *USAGE_KINDS,
    )
    list_filter = ("state", "purpose", ByModel, "day")
    list_select_related = ("user", "room")
    search_fields = ("user__username", "room__slug")
    search_help_text = "Room, or who asked."
    change_list_template = "admin/chat/charge/change_list.html"
    fields = (*list_display, "reply", "attempt", "day", "settled_at")

    @admin.display(description="reserved")
    def reserved(self, charge: Charge) -> str:
        return dollars(charge.reserved_microusd)

    @admin.display(description="cost")
    def cost(self, charge: Charge) -> str:
        return dollars(charge.cost_microusd)

    def get_urls(self) -> list[Any]:
        own = path("overview/", self.admin_site.admin_view(self.overview), name="chat_charge_overview")
        return [own, *super().get_urls()]

    def overview(self, request: HttpRequest) -> HttpResponse:
        """Show who spends what, how near the limits are, and what fails."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        month = usage.since(usage.of_all(), usage.month_begin())
        context = {
            **self.admin_site.each_context(request),
            "title": "Claude: usage, limits and failures",
            "opts": self.opts,
            "is_demo": is_demo(),
            "is_without_key": not settings.ANTHROPIC_API_KEY,
            "model": settings.CLAUDE_MODEL,
            "standings": usage.standings_of_all(),
            "limits": _limits(),
            "month": usage.total(month),
            "days": [row for row in reversed(usage.by_day(usage.of_all())) if any(row.used)],
            "by_model": usage.by(month, "model"),
            "by_person": _named(usage.by(month, "user"), User, "username"),
            "by_room": _named(usage.by(month, "room"), Room, "slug"),
            "open": _open(),
            "open_count": Charge.objects.filter(state=ChargeState.OPEN).count(),
            "failed": recent_failures.newest_failures(),
            "prices": _prices(),
            "leaving": leaving_models(),
        }
        return TemplateResponse(request, "admin/chat/claude_usage.html", context)


@admin.register(Spending)
class SpendingAdmin(ReadOnlyAdmin):
    list_display = ("subject", "period", "spent", "reserved")
    search_fields = ("subject", "period")
    search_help_text = "user:…, room:… (their numbers) or all; a day (2026-11-23) or month (2026-11)."
    fields = ("subject", "period", "spent", "reserved")

    @admin.display(description="spent")
    def spent(self, counter: Spending) -> str:
        return dollars(counter.spent_microusd)

    @admin.display(description="reserved")
    def reserved(self, counter: Spending) -> str:
        return dollars(counter.reserved_microusd)


def _prices() -> list[tuple[str, pricing.Price, int | None]]:
    """Return a row for each price of each model, today's and those to come: its name, the price, and a reply's most."""
    rows: list[tuple[str, pricing.Price, int | None]] = []
    for model in pricing.models():
        for since, bands in pricing.periods_of(model):
            is_now = since <= today()
            for above, price in bands:
                name = model if is_now else f"{model}, from {since:%Y-%m-%d} on"
                name += f", prompts above {above:,} tokens" if above else ""
                rows.append((name, price, pricing.reservation_for(model) if is_now and not above else None))
    return rows


def _limits() -> list[tuple[str, float]]:
    names = ("USER_DAY", "USER_MONTH", "ROOM_DAY", "ROOM_MONTH", "DAY", "MONTH")
    return [(f"SPEND_{name}_USD", getattr(settings, f"SPEND_{name}_USD")) for name in names]


def _named(rows: list[usage.Row], model: Any, field: str) -> list[tuple[str, int | None, usage.Used]]:
    names = dict(model.objects.filter(pk__in=[row.key for row in rows if row.key]).values_list("pk", field))
    return [(names.get(row.key, "(no one any more)"), row.key, row.used) for row in rows]


def _open() -> list[Charge]:
    found = Charge.objects.filter(state=ChargeState.OPEN).select_related("user", "room").order_by("pk")
    return list(found[:_OPEN_SHOWN_AT_MOST])
