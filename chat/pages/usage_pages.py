"""What Claude has used and cost: one's own, and that of the rooms one owns. Reads only."""

from datetime import date
from typing import Any, Final, NamedTuple

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_GET

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.billing import usage
from chat.billing.spending import today
from chat.model_choice import is_demo
from chat.models import Role, Room
from chat.pages import page_data
from chat.pages.page import actor_of, page, show
from chat.pages.room_titles import title_of
from chat.protocol.errors import unauthorized
from chat.rooms import rooms
from chat.shown_names import handle, shown_name

_ELSEWHERE: Final = "Rooms that you have left"
_SOMEBODY: Final = "Deleted accounts"

# The dearest ones first: one may own thousands of sessions.
_OWNED_ON_A_PAGE: Final = 50
# The chart's own units; it is stretched to the width of the page.
_CHART_HEIGHT: Final = 100
_LEAST_HEIGHT: Final = 3
_COLUMN_WIDTH: Final = 10
_GAP_WIDTH: Final = 3


class Column(NamedTuple):
    """A day of the chart. x, y, width and height in its own units."""

    day: date
    used: usage.Used
    x: int
    y: int
    width: int
    height: int


class Name(NamedTuple):
    """How a room or person is called. slug: where the room is; handle: `@username`, where it says more."""

    title: str
    slug: str = ""
    handle: str = ""


class Line(NamedTuple):
    """A room or person, and their share of the largest in the list, in percent."""

    name: Name
    used: usage.Used
    share: int


@page
@require_GET
def own(request: HttpRequest) -> HttpResponseBase:
    """The reader's own usage; with `?room=` that of a room they own."""
    actor = actor_of(request)
    slug = request.GET.get("room", "")
    facts = _of_room(actor, slug) if slug else _of_person(actor, request.GET.get("owned", ""))
    reached = [standing for standing in usage.standings_of_all() if standing.level == "over"]
    return show(request, "chat/usage.html", **facts, is_demo=is_demo(), reached=reached, today=today())


def _of_person(actor: Actor, number: str) -> dict[str, Any]:
    charges = usage.of_person(actor.id)
    this_month = usage.since(charges, usage.month_begin())
    mine = list(Room.objects.filter(memberships__user=actor.id, memberships__role=Role.OWNER).exclude(kind="direct"))
    standings, used = usage.standings_of_rooms(mine), usage.by_room_of(mine)
    used_in = usage.by(this_month, "room__slug")
    # A room they have left may be called otherwise by now, which is not theirs to know.
    titles = page_data.titles_among(actor, Room.objects.of_member(actor.id), {row.key for row in used_in if row.key})
    owned = sorted(
        ((room, used.get(room.pk, usage.Used()), standings[room.pk]) for room in mine if _has_use(room, used)),
        key=lambda each: (-each[1].cost, each[0].name.lower()),
    )
    return {
        **_sums(charges),
        "periods": _periods(usage.standings_of_person(actor.id), charges),
        "lines": _lines(_with_titles(used_in, titles)),
        "owned": Paginator(owned, _OWNED_ON_A_PAGE).get_page(number),
        "shown_room": None,
    }


def _of_room(actor: Actor, slug: str) -> dict[str, Any]:
    room = access.room_for(actor, slug)
    membership = access.membership_in(actor, room)
    if membership is None or membership.role != Role.OWNER:
        raise unauthorized("Only the room's owners see what it has used.")
    charges = usage.of_room(room)
    people = usage.by(usage.since(charges, usage.month_begin()), "user")
    return {
        **_sums(charges),
        "periods": _periods(usage.standings_of_rooms([room])[room.pk], charges),
        "lines": _lines(_with_people(people)),
        "owned": [],
        "shown_room": room,
        "shown_title": title_of(rooms.present(room), actor),
        "active_room": room.slug,
    }


def _sums(charges: Any) -> dict[str, Any]:
    days = usage.by_day(charges)
    return {"columns": _columns(days), "days": [row for row in reversed(days) if any(row.used)], "total": _sum(days)}


def _sum(days: list[usage.Row]) -> usage.Used:
    return usage.Used(*(sum(numbers) for numbers in zip(*(row.used for row in days), strict=True)))


def _periods(standings: list[usage.Standing], charges: Any) -> list[tuple[usage.Standing, usage.Used]]:
    """Pair the standing of today and of this month with the tokens that the counters do not know."""
    begins = (today(), usage.month_begin())
    return [
        (standing, usage.total(usage.since(charges, begin))) for standing, begin in zip(standings, begins, strict=True)
    ]


def _columns(days: list[usage.Row]) -> list[Column]:
    # Without any cost, as with the demo model, the tokens are what is left to show.
    heights = [row.used.cost for row in days]
    if not any(heights):
        heights = [row.used.tokens for row in days]
    most = max(heights) or 1
    columns = []
    for number, (row, value) in enumerate(zip(days, heights, strict=True)):
        height = max(_LEAST_HEIGHT, value * _CHART_HEIGHT // most) if value else 1
        x = number * (_COLUMN_WIDTH + _GAP_WIDTH)
        columns.append(Column(row.key, row.used, x, _CHART_HEIGHT - height, _COLUMN_WIDTH, height))
    return columns


def _with_people(rows: list[usage.Row]) -> list[tuple[Name, usage.Used]]:
    people = User.objects.in_bulk([row.key for row in rows if row.key])

    def name(user_id: int | None) -> Name:
        person = people.get(user_id)
        return Name(_SOMEBODY) if person is None else Name(shown_name(person), handle=handle(person))

    return [(name(row.key), row.used) for row in rows]


def _with_titles(rows: list[usage.Row], titles: dict[str, str]) -> list[tuple[Name, usage.Used]]:
    """Name the rooms that the reader is in; a room they have left may be called otherwise by now, which is not theirs."""
    named = [(Name(titles[row.key], slug=row.key), row.used) for row in rows if row.key in titles]
    others = [row.used for row in rows if row.key not in titles]
    if others:
        named.append((Name(_ELSEWHERE), usage.Used(*(sum(numbers) for numbers in zip(*others, strict=True)))))
    return named


def _lines(named: list[tuple[Name, usage.Used]]) -> list[Line]:
    most_cost, most_tokens = (max((getattr(used, name) for _, used in named), default=0) for name in ("cost", "tokens"))
    return [
        Line(name, used, 100 * used.cost // most_cost if most_cost else 100 * used.tokens // (most_tokens or 1))
        for name, used in named
    ]


def _has_use(room: Room, used: dict[int, usage.Used]) -> bool:
    return room.is_session or room.pk in used
