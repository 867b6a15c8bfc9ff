"""The purse: what calls of Claude may cost is reserved before them, and what they did cost is settled afterwards.

Each amount counts for its person, its room and everything, in the day and month (UTC) in which it was reserved.

Locks: a change of a counter first takes the row of everything, ever. The others can then be taken in any order, also
in a transaction that reserves for many. That row comes after the rows of rooms: lock no room after a call of these.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q, QuerySet, Sum, Value
from django.utils import timezone

from chat.billing import pricing
from chat.billing.pricing import MICROUSD_PER_USD, Tokens
from chat.models import USAGE_KINDS, Charge, ChargePurpose, ChargeState, ReplyState, Spending, Usage
from chat.protocol.errors import ErrorCode, ProtocolError

ALL: Final = "all"
EVER: Final = "ever"

_OPEN_REPLY_STATES: Final = (ReplyState.QUEUED, ReplyState.RUNNING)


class Purse(NamedTuple):
    """A counter, and the limit that it must not pass; 0: none."""

    subject: str
    period: str
    limit: int
    scope: str  # user, room or all
    span: str  # day, month or ever

    @property
    def key(self) -> tuple[str, str]:
        return self.subject, self.period


# --- What the runner and the use cases call -----------------------------------------------------------------------------


def reserve(
    user_id: int | None,
    room_id: int,
    model: str,
    *,
    purpose: ChargePurpose = ChargePurpose.REPLY,
    attempt: int = 1,
    reply_id: int | None = None,
    writing_tokens: int = 0,
    web_uses: tuple[int, int] = (0, 0),
) -> Charge:
    """Set aside what one call may cost. Raises QUOTA_EXCEEDED, which undoes nothing else of the caller's transaction."""
    amount = pricing.reservation_for(model, writing_tokens=writing_tokens, web_uses=web_uses)
    charge = Charge(
        reply_id=reply_id,
        attempt=attempt,
        purpose=purpose,
        user_id=user_id,
        room_id=room_id,
        model=model,
        reserved_microusd=amount,
        day=timezone.now().astimezone(UTC).date(),
    )
    with transaction.atomic():
        if amount:
            _hold(purses(user_id, room_id, charge.day), amount)
        charge.save(force_insert=True)
    return charge


def attach(charge: Charge, reply_id: int) -> None:
    """Say which reply a charge is for, once that has a row."""
    charge.reply_id = reply_id
    charge.save(update_fields=["reply"])


def extend(charge_id: int, amount: int) -> None:
    """Set aside more for an open charge, e.g. before another round of tools. Raises QUOTA_EXCEEDED."""
    if amount <= 0:
        return
    with transaction.atomic():
        _lock()
        charge = Charge.objects.get(pk=charge_id)
        if charge.state == ChargeState.OPEN:
            _hold(_purses_of(charge), amount)
            Charge.objects.filter(pk=charge_id).update(reserved_microusd=F("reserved_microusd") + amount)


def extend_reply(
    reply_id: int, attempt: int, reading_tokens: int = 0, writing_tokens: int = 0, web_uses: tuple[int, int] = (0, 0)
) -> None:
    """Set aside what one more call for the same attempt may cost, by what it reads and writes. Raises QUOTA_EXCEEDED."""
    found = _charges_of(reply_id, attempt).values_list("pk", "model").first()
    if found is not None:
        extend(found[0], pricing.reservation_for(found[1], reading_tokens, writing_tokens, web_uses))


def extend_reading(reply_id: int, attempt: int, reading_tokens: int) -> None:
    """Set aside what it may cost an attempt to read its prompt once more within a call. Raises QUOTA_EXCEEDED."""
    found = _charges_of(reply_id, attempt).values_list("pk", "model").first()
    if found is not None:
        extend(found[0], pricing.reading_again(found[1], reading_tokens))


def settled_before(reply_id: int, attempt: int) -> Usage:
    """Return what earlier attempts at this reply have used."""
    earlier = Charge.objects.filter(
        reply=reply_id, attempt__lt=attempt, purpose=ChargePurpose.REPLY, state=ChargeState.SETTLED
    ).aggregate(*map(Sum, USAGE_KINDS))
    return Usage(*(earlier[f"{kind}__sum"] or 0 for kind in USAGE_KINDS))


def settle(reply_id: int, attempt: int, usage: Tokens | None, calls: Sequence[Tokens] = ()) -> int:
    """Turn an attempt's reservation into what it cost, and return that. Idempotent; what is released stays so.

    usage: None when it is unknown. It then costs what was reserved. calls: what it is the sum of, where that is known:
    the price of each depends on its length. Otherwise all of it is taken for one call, which is never too little.
    """
    charge_id = _charge_of(reply_id, attempt)
    return 0 if charge_id is None else settle_charge(charge_id, usage, calls)


def settle_charge(charge_id: int, usage: Tokens | None, calls: Sequence[Tokens] = ()) -> int:
    return _close(charge_id, ChargeState.SETTLED, usage, calls)


def settle_late(reply_id: int, attempt: int, usage: Tokens, calls: Sequence[Tokens] = ()) -> None:
    """Add what an attempt has used in all to what it was settled with, by others, who took its runner for dead. Idempotent.

    It is a line of its own on the bill, and no limit refuses it: it is spent. Later attempts count on from the first line,
    whose tokens are those of the text that they continue.
    """
    with transaction.atomic():
        _lock()
        settled = _charges_of(reply_id, attempt).filter(state=ChargeState.SETTLED).first()
        if settled is None:
            return
        more = Usage(*usage).minus(settled.usage)
        if not any(more):
            return
        cost = max(0, pricing.cost_of(settled.model, *(calls or [usage]), day=settled.day) - settled.cost_microusd)
        same = {name: getattr(settled, name) for name in ("user_id", "room_id", "model", "day")}
        facts = {
            **same,
            **more._asdict(),
            "state": ChargeState.SETTLED,
            "cost_microusd": cost,
            "settled_at": timezone.now(),
        }
        _, is_new = Charge.objects.get_or_create(
            reply_id=reply_id, attempt=attempt, purpose=ChargePurpose.LATE, defaults=facts
        )
        if is_new and cost:
            wanted = _purses_of(settled)
            _rows(wanted)
            _count((ALL, EVER), *(purse.key for purse in wanted), reserved=0, spent=cost)


def release(reply_id: int, attempt: int) -> None:
    """Give a reservation back: the call was never made. Idempotent; what is settled stays so."""
    charge_id = _charge_of(reply_id, attempt)
    if charge_id is not None:
        release_charge(charge_id)


def release_charge(charge_id: int) -> None:
    _close(charge_id, ChargeState.RELEASED, Usage())


def settle_lost(older_than_seconds: float) -> int:
    """Settle what no one will settle any more: its process died between the call and its end. Return how many.

    What such a call has used is not known. It counts in full, as reserved: a limit must not leak.
    """
    before = timezone.now() - timedelta(seconds=older_than_seconds)
    lost = Charge.objects.filter(state=ChargeState.OPEN, created_at__lt=before)
    lost = lost.filter(Q(reply=None) | ~Q(reply__state__in=_OPEN_REPLY_STATES) | ~Q(attempt=F("reply__attempt")))
    ids = list(lost.order_by("pk").values_list("pk", flat=True)[:100])
    for charge_id in ids:
        _close(charge_id, ChargeState.SETTLED, None)
    return len(ids)


# --- Counters -----------------------------------------------------------------------------------------------------------


def purses(user_id: int | None, room_id: int | None, day: date) -> list[Purse]:
    """Return the counters that an amount reserved on this day counts in, the person's own first."""
    subjects = [("user", user_id, settings.SPEND_USER_DAY_USD, settings.SPEND_USER_MONTH_USD)] if user_id else []
    if room_id:
        subjects.append(("room", room_id, settings.SPEND_ROOM_DAY_USD, settings.SPEND_ROOM_MONTH_USD))
    found = []
    for scope, id_, a_day, a_month in subjects:
        found.append(Purse(f"{scope}:{id_}", day_name(day), _microusd(a_day), scope, "day"))
        found.append(Purse(f"{scope}:{id_}", month_name(day), _microusd(a_month), scope, "month"))
    found.append(Purse(ALL, day_name(day), _microusd(settings.SPEND_DAY_USD), ALL, "day"))
    found.append(Purse(ALL, month_name(day), _microusd(settings.SPEND_MONTH_USD), ALL, "month"))
    return found


def day_name(day: date) -> str:
    return day.isoformat()


def month_name(day: date) -> str:
    return f"{day:%Y-%m}"


def today() -> date:
    return datetime.now(UTC).date()


def _purses_of(charge: Charge) -> list[Purse]:
    return purses(charge.user_id, charge.room_id, charge.day)


def _hold(wanted: list[Purse], amount: int) -> None:
    """Add to what is reserved, in every counter or, raising QUOTA_EXCEEDED, in a transaction that undoes it, in none."""
    _lock()
    rows = _rows(wanted)
    fitting = Q()
    for purse in wanted:
        # The condition is part of the write: what two processes have read does not matter, only what stands there.
        room_for_it = Q(total__lte=purse.limit - amount) if purse.limit else Q()
        fitting |= Q(pk=rows[purse.key].pk) & room_for_it
    # Django takes the sum of two large integers for a small one, and on PostgreSQL a comparison of such a one with more
    # than 2^31 (two thousand dollars) for true, without asking.
    total = ExpressionWrapper(F("spent_microusd") + F("reserved_microusd"), output_field=BigIntegerField())
    counters = Spending.objects.alias(total=total).filter(fitting)
    if counters.update(reserved_microusd=F("reserved_microusd") + amount) < len(wanted):
        raise _refusal(wanted, rows, amount)
    _count((ALL, EVER), reserved=amount)


def _close(charge_id: int, state: ChargeState, usage: Tokens | None, calls: Sequence[Tokens] = ()) -> int:
    """End an open charge, and return what it has cost. Without usage it costs what was reserved."""
    with transaction.atomic():
        charge = Charge.objects.get(pk=charge_id)
        if not pricing.reservation_for(charge.model) and not charge.reserved_microusd:
            return _mark(charge, state, usage, cost=0)  # the demo model counts nowhere, so no one needs to wait
        _lock()
        charge.refresh_from_db()  # it may have been extended while we waited
        if charge.state != ChargeState.OPEN:
            return charge.cost_microusd
        cost = charge.reserved_microusd
        if usage is not None:
            cost = pricing.cost_of(charge.model, *(calls or [usage]), day=charge.day)
        wanted = _purses_of(charge)
        _rows(wanted)  # what was reserved for nothing has no counters; it has a cost if its model was priced since
        _count((ALL, EVER), *(purse.key for purse in wanted), reserved=-charge.reserved_microusd, spent=cost)
        return _mark(charge, state, usage, cost)


def _mark(charge: Charge, state: ChargeState, usage: Tokens | None, cost: int) -> int:
    used = Usage(*(usage or ()))._asdict()
    is_first = Charge.objects.filter(pk=charge.pk, state=ChargeState.OPEN).update(
        state=state, cost_microusd=cost, settled_at=timezone.now(), **used
    )
    return cost if is_first else charge.cost_microusd


def _lock() -> None:
    """Wait for others that change counters, to the end of this transaction (or savepoint, if that is undone)."""
    if not Spending.objects.select_for_update(no_key=True).filter(subject=ALL, period=EVER).exists():
        Spending.objects.bulk_create([Spending(subject=ALL, period=EVER)], ignore_conflicts=True)
        Spending.objects.select_for_update(no_key=True).get(subject=ALL, period=EVER)


def _rows(wanted: list[Purse]) -> dict[tuple[str, str], Spending]:
    """Return the counters' rows; a new day's or month's are made."""
    keys = [purse.key for purse in wanted]
    rows = _found(keys)
    missing = [Spending(subject=subject, period=period) for subject, period in keys if (subject, period) not in rows]
    if missing:
        Spending.objects.bulk_create(missing, ignore_conflicts=True)
        rows = _found(keys)
    return rows


def _found(keys: list[tuple[str, str]]) -> dict[tuple[str, str], Spending]:
    return {(row.subject, row.period): row for row in Spending.objects.filter(_any_of(keys))}


def _count(*keys: tuple[str, str], reserved: int, spent: int = 0) -> None:
    Spending.objects.filter(_any_of(list(keys))).update(
        reserved_microusd=F("reserved_microusd") + Value(reserved), spent_microusd=F("spent_microusd") + Value(spent)
    )


def _any_of(keys: list[tuple[str, str]]) -> Q:
    wanted = Q()
    for subject, period in keys:
        wanted |= Q(subject=subject, period=period)
    return wanted


def _charges_of(reply_id: int, attempt: int) -> QuerySet[Charge]:
    return Charge.objects.filter(reply=reply_id, attempt=attempt, purpose=ChargePurpose.REPLY)


def _charge_of(reply_id: int, attempt: int) -> int | None:
    return _charges_of(reply_id, attempt).values_list("pk", flat=True).first()


def _microusd(dollars: float) -> int:
    return round(dollars * MICROUSD_PER_USD)


# --- Words --------------------------------------------------------------------------------------------------------------

_WHOSE: Final = {"user": "Your", "room": "This room's", ALL: "This server's"}
_WHEN: Final = {"day": "for today", "month": "for this month"}
_DIME: Final = MICROUSD_PER_USD // 10
_LEAST_SHOWN: Final = MICROUSD_PER_USD // 10_000
_AGAIN: Final = {"day": "at midnight UTC", "month": "with the next month, UTC"}


def _refusal(wanted: list[Purse], rows: dict[tuple[str, str], Spending], amount: int) -> ProtocolError:
    """Name the limit that stands in the way, and what of it is left where that is the reader's business."""
    used = {purse: rows[purse.key].spent_microusd + rows[purse.key].reserved_microusd for purse in wanted}
    purse = next(purse for purse in wanted if purse.limit and used[purse] + amount > purse.limit)
    sentence = f"{_WHOSE[purse.scope]} limit for Claude {_WHEN[purse.span]} is reached"
    if purse.scope != ALL:
        left = max(0, purse.limit - used[purse])
        sentence += f": of {_exact(purse.limit)}, {_exact(left)} is left, and a reply may cost {_exact(amount)}"
    return ProtocolError(
        ErrorCode.QUOTA_EXCEEDED,
        f"{sentence}. It begins again {_AGAIN[purse.span]}.",
        details={"limit": purse.scope, "period": purse.span},
    )


def dollars(microusd: int) -> str:
    """Return an amount for people: whole cents where they tell enough, more digits below ten of them."""
    if 0 < microusd < _LEAST_SHOWN:
        return "<$0.0001"
    digits = 2 if microusd == 0 or microusd >= _DIME else 4
    return f"${microusd / MICROUSD_PER_USD:,.{digits}f}"


def _exact(microusd: int) -> str:
    """Return an amount that others are compared with: rounded to cents, what is left could look like enough."""
    whole, rest = divmod(microusd, MICROUSD_PER_USD)
    return f"${whole:,}.{f'{rest:06}'.rstrip('0'):<02}"
