"""What Claude has used and cost, summed up for people who may see it. Reads only.

The caller decides whose charges are summed: pages do so by person and by rooms, the administration sees all.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from chat.billing.spending import ALL, Purse, purses, today
from chat.models import Charge, ChargePurpose, ChargeState, Room, Spending

DAYS_SHOWN: Final = 30
_ROWS_AT_MOST: Final = 50


class Used(NamedTuple):
    """Sums of charges. cost and reserved in millionths of a US dollar; read and written in tokens."""

    cost: int = 0
    reserved: int = 0
    read: int = 0
    written: int = 0
    replies: int = 0

    @property
    def tokens(self) -> int:
        return self.read + self.written


class Standing(NamedTuple):
    """How far a person, a room or everything has got in a day or month. limit 0: none."""

    scope: str
    span: str
    spent: int
    reserved: int
    limit: int

    @property
    def used(self) -> int:
        return self.spent + self.reserved

    @property
    def percent(self) -> int:
        return min(100, self.used * 100 // self.limit) if self.limit else 0

    @property
    def level(self) -> str:
        """How near the limit is: `ok`, `near` (from 80 %) or `over`."""
        return "over" if self.percent >= 100 else "near" if self.percent >= 80 else "ok"


class Row(NamedTuple):
    """A line of a table: a room's, person's, model's or day's."""

    key: Any
    used: Used


_SUMS: Final = {
    "cost": Coalesce(Sum("cost_microusd"), 0),
    "reserved": Coalesce(Sum("reserved_microusd", filter=Q(state=ChargeState.OPEN)), 0),
    "read": Coalesce(Sum(F("input_tokens") + F("cache_creation_input_tokens") + F("cache_read_input_tokens")), 0),
    "written": Coalesce(Sum("output_tokens"), 0),
    "replies": Count("pk", filter=Q(purpose=ChargePurpose.REPLY) & ~Q(state=ChargeState.RELEASED)),
}


# --- Whose charges ------------------------------------------------------------------------------------------------------


def of_person(user_id: int) -> QuerySet[Charge]:
    return Charge.objects.filter(user=user_id).order_by()


def of_room(room: Room) -> QuerySet[Charge]:
    return Charge.objects.filter(room=room).order_by()


def of_all() -> QuerySet[Charge]:
    return Charge.objects.order_by()


# --- Their sums ---------------------------------------------------------------------------------------------------------


def total(charges: QuerySet[Charge]) -> Used:
    return Used(**charges.aggregate(**_SUMS))


def since(charges: QuerySet[Charge], first: date) -> QuerySet[Charge]:
    return charges.filter(day__gte=first)


def month_begin() -> date:
    return today().replace(day=1)


def by_day(charges: QuerySet[Charge], days: int = DAYS_SHOWN) -> list[Row]:
    """Return one row for each of the last days, oldest first, also for those without anything."""
    first = today() - timedelta(days=days - 1)
    found = {row.key: row.used for row in _grouped(since(charges, first), "day")}
    return [Row(day, found.get(day, Used())) for day in (first + timedelta(days=number) for number in range(days))]


def by(charges: QuerySet[Charge], field: str) -> list[Row]:
    """Return the dearest rows by a column: `model`, `user`, `room__slug`. None: it does not exist any more."""
    rows = _grouped(charges, field)
    rows.sort(key=lambda row: (-row.used.cost, -row.used.tokens, str(row.key)))
    return rows[:_ROWS_AT_MOST]


def by_room_of(rooms: Iterable[Room]) -> dict[int, Used]:
    """Return what rooms have used this month, by their ids."""
    charges = since(Charge.objects.filter(room__in=list(rooms)), month_begin()).order_by()
    return {row.key: row.used for row in _grouped(charges, "room_id")}


def _grouped(charges: QuerySet[Charge], field: str) -> list[Row]:
    rows = charges.values(field).annotate(**_SUMS)
    return [Row(row.pop(field), Used(**row)) for row in rows]


# --- Limits -------------------------------------------------------------------------------------------------------------


def standings_of_person(user_id: int) -> list[Standing]:
    return _standings([purse for purse in purses(user_id, None, today()) if purse.scope == "user"])


def standings_of_all() -> list[Standing]:
    return _standings([purse for purse in purses(None, None, today()) if purse.scope == ALL])


def standings_of_rooms(rooms: Iterable[Room]) -> dict[int, list[Standing]]:
    """Return each room's standing of the day and of the month, by the rooms' ids: one query for all."""
    wanted = {room.pk: [purse for purse in purses(None, room.pk, today()) if purse.scope == "room"] for room in rooms}
    flat = [purse for each in wanted.values() for purse in each]
    found = dict(zip((purse.key for purse in flat), _standings(flat), strict=True))
    return {room_id: [found[purse.key] for purse in each] for room_id, each in wanted.items()}


def _standings(wanted: list[Purse]) -> list[Standing]:
    counters = Spending.objects.filter(
        subject__in={purse.subject for purse in wanted}, period__in={purse.period for purse in wanted}
    )
    found = {(row.subject, row.period): row for row in counters}
    return [
        Standing(
            purse.scope,
            purse.span,
            found[purse.key].spent_microusd if purse.key in found else 0,
            found[purse.key].reserved_microusd if purse.key in found else 0,
            purse.limit,
        )
        for purse in wanted
    ]
