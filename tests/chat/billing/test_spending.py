"""The purse: no interleaving spends more than a limit allows, and the counters are the sum of the charges."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import User
from chat.billing import spending
from chat.model_choice import DEMO_MODEL
from chat.models import Charge, ChargePurpose, ChargeState, Kind, Message, Reply, ReplyState, Room, Spending, Usage
from chat.protocol.errors import ErrorCode, ProtocolError
from config.prices import priced
from tests.chat.conftest import person
from tests.chat.fixtures import in_threads, refused, room_of

THREADS = 20
MODEL = "plain"
ONE_CALL = 1_000_000  # with the prices below: a dollar
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def a_dollar_a_call(settings: Any) -> None:
    settings.CLAUDE_PRICES = priced({MODEL: dict.fromkeys(("input", "output", "cache_write", "cache_read"), "100")}, "")
    settings.CLAUDE_CONTEXT_TOKENS, settings.CLAUDE_REPLY_TOKENS = 6_000, 4_000


def cents(number: int) -> tuple[int, int, int, int]:
    """Return usage that costs so many cents."""
    return number * 60, number * 40, 0, 0


def a_reply(room: Room, *, state: ReplyState = ReplyState.QUEUED) -> Reply:
    seq = Message.objects.filter(room=room).count() + 1
    message = Message.objects.create(room=room, seq=seq, change=seq, kind=Kind.TEXT)
    return Reply.objects.create(message=message, room=room, change=seq, model=MODEL, state=state)


def counter(subject: str, period: str) -> tuple[int, int]:
    """Return (reserved, spent)."""
    row = Spending.objects.filter(subject=subject, period=period).first()
    return (0, 0) if row is None else (row.reserved_microusd, row.spent_microusd)


def assert_counters_are_the_sum_of_the_charges() -> None:
    wanted: dict[tuple[str, str], list[int]] = {}
    for charge in Charge.objects.all():
        keys = [purse.key for purse in spending.purses(charge.user_id, charge.room_id, charge.day)]
        for key in (("all", "ever"), *keys):
            sums = wanted.setdefault(key, [0, 0])
            sums[0] += charge.reserved_microusd if charge.state == ChargeState.OPEN else 0
            sums[1] += charge.cost_microusd
    found = {(row.subject, row.period): [row.reserved_microusd, row.spent_microusd] for row in Spending.objects.all()}
    assert {key: sums for key, sums in found.items() if any(sums)} == {
        key: sums for key, sums in wanted.items() if any(sums)
    }


# --- One after the other ------------------------------------------------------------------------------------------------


def test_a_reservation_counts_for_the_person_the_room_and_everything(alice: User) -> None:
    den = room_of(alice, "den")
    with time_machine.travel(NOON, tick=False):
        charge = spending.reserve(alice.pk, den.pk, MODEL)
    assert (charge.state, charge.reserved_microusd, charge.day) == (ChargeState.OPEN, ONE_CALL, date(2026, 11, 23))
    for subject in (f"user:{alice.pk}", f"room:{den.pk}", "all"):
        assert counter(subject, "2026-11-23") == counter(subject, "2026-11") == (ONE_CALL, 0)


def test_settling_turns_the_reservation_into_the_cost(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den)
    spending.attach(spending.reserve(alice.pk, den.pk, MODEL), reply.pk)
    assert spending.settle(reply.pk, 1, (60, 40, 7, 3)) == 110 * 100
    charge = Charge.objects.get()
    assert (charge.state, charge.cost_microusd) == (ChargeState.SETTLED, 11_000)
    assert (charge.input_tokens, charge.output_tokens) == (60, 40)
    assert (charge.cache_creation_input_tokens, charge.cache_read_input_tokens) == (7, 3)
    assert counter("all", charge.day.isoformat()) == (0, 11_000)
    assert_counters_are_the_sum_of_the_charges()


def test_settling_twice_counts_once_and_returns_the_first_cost(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den)
    spending.attach(spending.reserve(alice.pk, den.pk, MODEL), reply.pk)
    assert [spending.settle(reply.pk, 1, cents(number)) for number in (10, 99)] == [100_000, 100_000]
    spending.release(reply.pk, 1)
    assert Charge.objects.get().state == ChargeState.SETTLED
    assert counter("all", "ever") == (0, 100_000)
    assert_counters_are_the_sum_of_the_charges()


def test_a_released_reservation_has_cost_nothing_and_is_not_settled_any_more(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den)
    spending.attach(spending.reserve(alice.pk, den.pk, MODEL), reply.pk)
    spending.release(reply.pk, 1)
    spending.release(reply.pk, 1)
    assert spending.settle(reply.pk, 1, cents(10)) == 0
    assert Charge.objects.get().state == ChargeState.RELEASED
    assert counter("all", "ever") == (0, 0)
    assert_counters_are_the_sum_of_the_charges()


def test_what_was_never_reserved_is_settled_for_nothing(alice: User) -> None:
    reply = a_reply(room_of(alice, "den"))
    assert spending.settle(reply.pk, 1, cents(10)) == 0
    spending.release(reply.pk, 1)
    spending.extend_reply(reply.pk, 1)
    assert not Charge.objects.exists()


def test_each_attempt_has_a_charge_of_its_own(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den)
    spending.reserve(alice.pk, den.pk, MODEL, attempt=1, reply_id=reply.pk)
    spending.settle(reply.pk, 1, (1, 2, 3, 4))
    spending.reserve(alice.pk, den.pk, MODEL, attempt=2, reply_id=reply.pk)
    spending.settle(reply.pk, 2, (10, 20, 30, 40))
    assert spending.settled_before(reply.pk, 1) == Usage()
    assert spending.settled_before(reply.pk, 2) == Usage(1, 2, 3, 4)
    assert spending.settled_before(reply.pk, 3) == Usage(11, 22, 33, 44)


@pytest.mark.parametrize(
    ("name", "limit", "period"),
    [
        ("SPEND_USER_DAY_USD", "user", "day"),
        ("SPEND_USER_MONTH_USD", "user", "month"),
        ("SPEND_ROOM_DAY_USD", "room", "day"),
        ("SPEND_ROOM_MONTH_USD", "room", "month"),
        ("SPEND_DAY_USD", "all", "day"),
        ("SPEND_MONTH_USD", "all", "month"),
    ],
)
def test_a_limit_admits_what_fits_and_names_itself_beyond(
    alice: User, settings: Any, name: str, limit: str, period: str
) -> None:
    setattr(settings, name, 2.5)
    den = room_of(alice, "den")
    for _ in range(2):
        spending.reserve(alice.pk, den.pk, MODEL)
    with refused(ErrorCode.QUOTA_EXCEEDED) as caught:
        spending.reserve(alice.pk, den.pk, MODEL)
    assert caught.value.details == {"limit": limit, "period": period}
    assert ("today" if period == "day" else "this month") in caught.value.message
    assert ("$2.50" in caught.value.message) == (limit != "all"), "what all may spend is the administrators' business"
    assert Charge.objects.count() == 2
    assert_counters_are_the_sum_of_the_charges()


def test_a_limit_is_reached_exactly_and_its_room_comes_back_with_a_settlement(alice: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = 2.0
    den = room_of(alice, "den")
    first, _second = (spending.reserve(alice.pk, den.pk, MODEL) for _ in range(2))
    with refused(ErrorCode.QUOTA_EXCEEDED):
        spending.reserve(alice.pk, den.pk, MODEL)
    spending.settle_charge(first.pk, cents(0))
    assert spending.reserve(alice.pk, den.pk, MODEL).pk


def test_what_others_spend_elsewhere_is_not_counted_against_me(alice: User, bob: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = settings.SPEND_ROOM_DAY_USD = 1.0
    den, attic = room_of(alice, "den"), room_of(alice, "attic")
    spending.reserve(alice.pk, den.pk, MODEL)
    for user, room in ((alice, attic), (bob, den)):
        with refused(ErrorCode.QUOTA_EXCEEDED):
            spending.reserve(user.pk, room.pk, MODEL)
    assert spending.reserve(bob.pk, attic.pk, MODEL).pk


def test_a_refusal_undoes_only_itself(alice: User, settings: Any) -> None:
    settings.SPEND_ROOM_DAY_USD = 1.0
    den, attic = room_of(alice, "den"), room_of(alice, "attic")
    with transaction.atomic():
        spending.reserve(alice.pk, den.pk, MODEL)
        with refused(ErrorCode.QUOTA_EXCEEDED):
            spending.reserve(alice.pk, den.pk, MODEL)
        attic.topic = "kept"
        attic.save()
        spending.reserve(alice.pk, attic.pk, MODEL)
    attic.refresh_from_db()
    assert (attic.topic, Charge.objects.count()) == ("kept", 2)
    assert_counters_are_the_sum_of_the_charges()


def test_another_round_of_tools_needs_money_of_its_own(alice: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = 2.0
    den = room_of(alice, "den")
    reply = a_reply(den)
    spending.reserve(alice.pk, den.pk, MODEL, reply_id=reply.pk)
    spending.extend_reply(reply.pk, 1)
    with refused(ErrorCode.QUOTA_EXCEEDED):
        spending.extend_reply(reply.pk, 1)
    assert Charge.objects.get().reserved_microusd == 2 * ONE_CALL
    assert spending.settle(reply.pk, 1, cents(120)) == 1_200_000
    assert counter("all", "ever") == (0, 1_200_000)
    spending.extend_reply(reply.pk, 1)
    assert counter("all", "ever") == (0, 1_200_000), "what is settled cannot be extended"
    assert_counters_are_the_sum_of_the_charges()


def test_a_reply_over_midnight_and_the_months_end_settles_where_it_was_reserved(alice: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = 1.0
    den = room_of(alice, "den")
    with time_machine.travel(datetime(2026, 11, 30, 23, 59, 59, tzinfo=UTC), tick=False) as clock:
        charge = spending.reserve(alice.pk, den.pk, MODEL)
        clock.shift(timedelta(seconds=2))
        assert spending.reserve(alice.pk, den.pk, MODEL).day == date(2026, 12, 1), "a new day has a limit of its own"
        spending.settle_charge(charge.pk, cents(50))
    mine = f"user:{alice.pk}"
    assert counter(mine, "2026-11-30") == counter(mine, "2026-11") == (0, 500_000)
    assert counter(mine, "2026-12-01") == counter(mine, "2026-12") == (ONE_CALL, 0)
    assert_counters_are_the_sum_of_the_charges()


def test_the_demo_is_on_the_bill_for_nothing_and_under_no_limit(alice: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = settings.SPEND_DAY_USD = 0.000001
    den = room_of(alice, "den")
    charge = spending.reserve(alice.pk, den.pk, DEMO_MODEL)
    assert spending.settle_charge(charge.pk, cents(50)) == 0
    charge.refresh_from_db()
    assert (charge.state, charge.cost_microusd, charge.input_tokens) == (ChargeState.SETTLED, 0, 3000)
    assert not Spending.objects.exists()


def test_a_summary_may_have_no_person_to_pay(alice: User, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = 0.5
    den = room_of(alice, "den")
    charge = spending.reserve(None, den.pk, MODEL, purpose=ChargePurpose.SUMMARY)
    assert spending.settle_charge(charge.pk, cents(5)) == 50_000
    assert counter(f"room:{den.pk}", charge.day.isoformat()) == (0, 50_000)
    assert_counters_are_the_sum_of_the_charges()


def test_what_an_attempt_used_after_others_had_settled_it_is_a_line_of_its_own(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den, state=ReplyState.INTERRUPTED)
    with time_machine.travel(NOON, tick=False):
        spending.reserve(alice.pk, den.pk, MODEL, reply_id=reply.pk)
        spending.settle(reply.pk, 1, (60, 40, 0, 0))
    for _ in range(2):
        spending.settle_late(reply.pk, 1, (60, 70, 5, 0))
    first, late = Charge.objects.order_by("pk")
    assert (first.cost_microusd, first.output_tokens) == (10_000, 40)
    assert (late.purpose, late.state, late.user_id, late.room_id, late.day) == (
        "late",
        "settled",
        alice.pk,
        den.pk,
        first.day,
    )
    assert (late.input_tokens, late.output_tokens, late.cache_creation_input_tokens) == (0, 30, 5)
    assert late.cost_microusd == 3_500
    assert counter(f"user:{alice.pk}", "2026-11-23") == counter("all", "ever") == (0, 13_500)
    assert spending.settled_before(reply.pk, 2) == Usage(60, 40), "of the text that the next attempt continues"
    assert_counters_are_the_sum_of_the_charges()


def test_what_was_settled_in_full_costs_no_more_when_its_use_becomes_known(alice: User) -> None:
    den = room_of(alice, "den")
    reply = a_reply(den, state=ReplyState.INTERRUPTED)
    spending.reserve(alice.pk, den.pk, MODEL, reply_id=reply.pk)
    spending.settle(reply.pk, 1, None)
    spending.settle_late(reply.pk, 1, cents(30))
    assert [(line.cost_microusd, line.input_tokens) for line in Charge.objects.order_by("pk")] == [
        (ONE_CALL, 0),
        (0, 1_800),
    ]
    assert counter("all", "ever") == (0, ONE_CALL)
    assert_counters_are_the_sum_of_the_charges()


def test_nothing_is_late_where_all_was_known_or_nothing_was_settled(alice: User) -> None:
    den = room_of(alice, "den")
    known, waiting = a_reply(den, state=ReplyState.COMPLETE), a_reply(den)
    for reply in (known, waiting):
        spending.reserve(alice.pk, den.pk, MODEL, reply_id=reply.pk)
    spending.settle(known.pk, 1, cents(3))
    for reply in (known, waiting, a_reply(den)):
        spending.settle_late(reply.pk, 1, cents(3))
    assert Charge.objects.count() == 2
    assert_counters_are_the_sum_of_the_charges()


def test_what_a_dead_process_left_open_is_settled_as_reserved_and_nothing_else(alice: User) -> None:
    den = room_of(alice, "den")
    running, ended = a_reply(den, state=ReplyState.RUNNING), a_reply(den, state=ReplyState.INTERRUPTED)
    kept = spending.reserve(alice.pk, den.pk, MODEL, reply_id=running.pk)
    lost = [
        spending.reserve(alice.pk, den.pk, MODEL, reply_id=ended.pk),
        spending.reserve(alice.pk, den.pk, MODEL, purpose=ChargePurpose.SUMMARY),
    ]
    assert spending.settle_lost(60) == 0, "too early: they may only be on their way"
    assert spending.settle_lost(-1) == 2
    states = dict(Charge.objects.values_list("pk", "state"))
    assert [states[charge.pk] for charge in (kept, *lost)] == ["open", "settled", "settled"]
    assert counter("all", "ever") == (ONE_CALL, 2 * ONE_CALL)
    assert_counters_are_the_sum_of_the_charges()


def test_a_reservation_costs_few_queries(alice: User) -> None:
    den = room_of(alice, "den")
    charge = spending.reserve(alice.pk, den.pk, MODEL)
    with CaptureQueriesContext(connection) as captured:
        spending.reserve(alice.pk, den.pk, MODEL)
    assert len(captured) <= 7, captured.captured_queries
    with CaptureQueriesContext(connection) as captured:
        spending.settle_charge(charge.pk, cents(1))
    assert len(captured) <= 8, captured.captured_queries


# --- At the same time ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["SPEND_USER_DAY_USD", "SPEND_ROOM_MONTH_USD", "SPEND_DAY_USD"])
def test_twenty_prompts_at_once_against_a_limit_for_five_are_five(settings: Any, name: str) -> None:
    setattr(settings, name, 5.0)
    alice = person("alice")
    den = room_of(alice, "den")
    results = in_threads(*[partial(spending.reserve, alice.pk, den.pk, MODEL)] * THREADS)
    assert sum(isinstance(result, Charge) for result in results) == 5
    assert [result.code for result in results if isinstance(result, ProtocolError)] == ["QUOTA_EXCEEDED"] * 15
    assert Charge.objects.count() == 5
    assert_counters_are_the_sum_of_the_charges()


@pytest.mark.django_db(transaction=True)
def test_rounds_that_reserve_for_many_in_any_order_do_not_wait_for_each_other_for_ever() -> None:
    people = [person(f"p-{number}") for number in range(4)]
    rooms = [room_of(people[0], f"room-{number}") for number in range(4)]

    def round_of(thread: int) -> None:
        for _ in range(3):
            with transaction.atomic():
                charges = [
                    spending.reserve(people[(n + thread) % 4].pk, rooms[(n * 3 + thread) % 4].pk, MODEL)
                    for n in range(4)
                ]
                spending.settle_charge(charges[thread % 4].pk, cents(thread))

    assert in_threads(*[partial(round_of, thread) for thread in range(8)]) == [None] * 8
    assert Charge.objects.count() == 8 * 3 * 4
    assert_counters_are_the_sum_of_the_charges()


@pytest.mark.django_db(transaction=True)
def test_one_settlement_of_many_at_once_counts() -> None:
    alice = person("alice")
    den = room_of(alice, "den")
    for number in range(1, 4):
        charge = spending.reserve(alice.pk, den.pk, MODEL)
        works: list[Any] = [partial(spending.settle_charge, charge.pk, cents(number + n)) for n in range(6)]
        costs = in_threads(*works, partial(spending.extend, charge.pk, ONE_CALL))
        assert costs[-1] is None and len(set(costs[:-1])) == 1, costs
    assert counter("all", "ever")[0] == 0
    assert_counters_are_the_sum_of_the_charges()


# --- Any order ----------------------------------------------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(st.sampled_from(("reserve", "extend", "settle", "release", "midnight")), st.integers(0, 30)),
    max_size=40,
)


@given(moves=MOVES)
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_moves_passes_a_limit_or_loses_a_millionth(
    alice: User, bob: User, settings: Any, moves: list[tuple[str, int]]
) -> None:
    settings.SPEND_USER_DAY_USD, settings.SPEND_ROOM_DAY_USD, settings.SPEND_MONTH_USD = 3.0, 4.0, 9.0
    with transaction.atomic():
        mark = transaction.savepoint()
        _play(alice, bob, moves)
        transaction.savepoint_rollback(mark)


def _play(alice: User, bob: User, moves: list[tuple[str, int]]) -> None:
    rooms = [room_of(alice, slug) for slug in ("den", "attic")]
    charges: list[int] = []
    with time_machine.travel(NOON, tick=False) as clock:
        for move, number in moves:
            chosen = charges[number % len(charges)] if charges else 0
            with suppress(ProtocolError):  # a refusal; whatever it undid shows below
                if move == "midnight":
                    clock.shift(timedelta(days=1))
                elif move == "reserve":
                    user = (alice, bob)[number % 2]
                    charges.append(spending.reserve(user.pk, rooms[number // 2 % 2].pk, MODEL).pk)
                elif charges and move == "extend":
                    spending.extend(chosen, ONE_CALL)
                elif charges and move == "settle":
                    spending.settle_charge(chosen, cents(number * 3))
                elif charges:
                    spending.release_charge(chosen)
            assert_counters_are_the_sum_of_the_charges()
            _assert_within_limits()


def _assert_within_limits() -> None:
    for row in Spending.objects.all():
        scope, span = row.subject.split(":")[0], len(row.period)
        limit = {("user", 10): 3, ("room", 10): 4, ("all", 7): 9}.get((scope, span))
        assert row.reserved_microusd >= 0
        assert limit is None or row.spent_microusd + row.reserved_microusd <= limit * ONE_CALL
