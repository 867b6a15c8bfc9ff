"""The page of usage: everyone sees their own, a room's owners see the room's, and no one sees anything else."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.model_choice import DEMO_MODEL
from chat.models import ReplyState, Room
from chat.protocol import requests
from chat.rooms import members
from chat.templatetags.money import compact, dollars
from tests.chat.billing.bills import COST_OF_SOME, PRICES, a_reply
from tests.pages.conftest import Seat

A_MILLION = (1_000_000, 0, 0, 0)  # three dollars


def usage_of(seat: Seat, room: str = "") -> str:
    response = seat.client.get("/usage", {"room": room} if room else {})
    assert response.status_code == 200
    return str(response.content.decode())


def section(html: str, id_: str) -> str:
    """Return the words of the section that a heading names."""
    found = re.search(rf'<section[^>]*aria-labelledby="{id_}".*?</section>', html, re.DOTALL)
    return "" if found is None else " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


@pytest.fixture(autouse=True)
def with_a_key(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY = "test-key"
    settings.CLAUDE_PRICES = PRICES
    settings.CLAUDE_CONTEXT_TOKENS, settings.CLAUDE_REPLY_TOKENS = 30_000, 8_000


def test_who_has_used_nothing_is_told_how_to_begin(alice: Seat) -> None:
    html = usage_of(alice)
    assert "Nothing yet" in html and "No limit is set" in section(html, "usage-day")
    assert "$0.00" in section(html, "usage-day")


def test_the_page_sums_up_my_day_and_my_month(alice: Seat, closed_room: Room, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD, settings.SPEND_USER_MONTH_USD = 12.0, 100.0
    for _ in range(2):
        a_reply(alice.user, closed_room, usage=A_MILLION)
    html = usage_of(alice)
    assert "$6.00 of $12.00" in section(html, "usage-day")
    assert "2 replies · 2M tokens" in section(html, "usage-day")
    assert "50 % of the limit" in section(html, "usage-day")
    assert "$6.00 of $100.00" in section(html, "usage-month")
    assert '<progress class="usage-bar usage-ok" value="50" max="100"' in html


def test_what_is_on_its_way_is_named_apart(alice: Seat, closed_room: Room, settings: Any) -> None:
    settings.SPEND_USER_DAY_USD = 1.0
    a_reply(alice.user, closed_room, ReplyState.RUNNING, usage=None)
    day = section(usage_of(alice), "usage-day")
    assert "$0.00 of $1.00" in day and "Up to $0.23 more" in day


@pytest.mark.parametrize(("dollars_spent", "level"), [(7, "ok"), (8, "near"), (10, "over"), (11, "over")])
def test_the_bar_says_how_near_the_limit_is(
    alice: Seat, closed_room: Room, settings: Any, dollars_spent: int, level: str
) -> None:
    a_reply(alice.user, closed_room, usage=(dollars_spent * 333_334, 0, 0, 0))
    settings.SPEND_USER_DAY_USD = 10.0
    assert f'class="usage-bar usage-{level}"' in usage_of(alice)


def test_the_days_of_another_month_are_not_counted_to_this_one(alice: Seat, closed_room: Room) -> None:
    with time_machine.travel("2026-11-30T12:00:00Z", tick=False) as clock:
        a_reply(alice.user, closed_room, usage=A_MILLION)
        clock.shift(timedelta(days=1))
        a_reply(alice.user, closed_room, usage=(1000, 0, 0, 0))
        alice.client.force_login(alice.user)
        html = usage_of(alice)
    assert "$0.0030" in section(html, "usage-month") and "December" in section(html, "usage-month")
    assert "30 November 1 1,000,000 0 $3.00" in section(html, "usage-days")
    assert "1 December 1 1,000 0 $0.0030" in section(html, "usage-days")


def test_a_charge_of_long_ago_is_not_shown(alice: Seat, closed_room: Room) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=40), tick=False):
        a_reply(alice.user, closed_room, usage=A_MILLION)
    assert "Nothing yet" in usage_of(alice)


def test_nobody_sees_what_others_spend(alice: Seat, bob: Seat, mallory: Seat, closed_room: Room) -> None:
    a_reply(alice.user, closed_room, usage=A_MILLION)
    for seat in (bob, mallory):
        html = usage_of(seat)
        assert "Nothing yet" in html and "$3.00" not in html
    assert "Launch" not in usage_of(mallory)


def test_a_room_that_i_have_left_is_not_named(alice: Seat, bob: Seat, closed_room: Room) -> None:
    a_reply(bob.user, closed_room)
    assert "Launch" in section(usage_of(bob), "usage-lines")
    members.remove_member(alice.actor, requests.RemoveMember(room="launch", user="bob"))
    closed_room.name = "Secret plans"
    closed_room.save()
    html = usage_of(bob)
    assert "Rooms that you have left" in section(html, "usage-lines")
    assert "Secret" not in html and "Launch" not in html and "launch" not in html


def test_an_owner_sees_who_has_spent_what_in_the_room(alice: Seat, bob: Seat, closed_room: Room, settings: Any) -> None:
    settings.SPEND_ROOM_MONTH_USD = 20.0
    a_reply(alice.user, closed_room)
    a_reply(bob.user, closed_room, usage=A_MILLION)
    a_reply(None, closed_room)
    owned = section(usage_of(alice), "usage-owned")
    assert "Launch" in owned and "$3.00 of $20.00 this month" in owned
    html = usage_of(alice, "launch")
    assert "$3.00 of $20.00" in section(html, "usage-month")
    lines = section(html, "usage-lines")
    assert lines.index("Bob") < lines.index("Alice") and "Deleted accounts" in lines


def test_people_are_called_by_their_display_names(alice: Seat, bob: Seat, closed_room: Room) -> None:
    bob.user.display_name = "Robert <b>Lee</b>"
    bob.user.save()
    a_reply(bob.user, closed_room)
    html = usage_of(alice, "launch")
    assert "<bdi>Robert &lt;b&gt;Lee&lt;/b&gt;</bdi>" in html and "@bob · 1 reply" in section(html, "usage-lines")


@pytest.mark.parametrize(("name", "status"), [("bob", 403), ("mallory", 404)])
def test_a_rooms_usage_is_its_owners_business(
    name: str, status: int, bob: Seat, mallory: Seat, closed_room: Room
) -> None:
    assert {"bob": bob, "mallory": mallory}[name].client.get("/usage?room=launch").status_code == status


def test_a_room_that_does_not_exist_is_not_found(alice: Seat) -> None:
    assert alice.client.get("/usage?room=nowhere").status_code == 404


def test_the_page_is_for_people_who_are_signed_in(client: Any, db: None) -> None:
    assert client.get("/usage")["Location"].startswith("/accounts/login/")


def test_a_limit_of_all_is_told_when_it_is_reached_but_not_how_high_it_is(
    alice: Seat, closed_room: Room, settings: Any
) -> None:
    a_reply(alice.user, closed_room, usage=A_MILLION)
    settings.SPEND_DAY_USD = 2.75
    html = usage_of(alice)
    assert "This server’s limit for today is reached" in html and "2.75" not in html


def test_the_demo_says_that_it_costs_nothing_and_its_tokens_are_shown(
    alice: Seat, closed_room: Room, settings: Any
) -> None:
    settings.ANTHROPIC_API_KEY = ""
    a_reply(alice.user, closed_room, model=DEMO_MODEL, usage=(900, 100, 0, 0))
    html = usage_of(alice)
    assert "It costs nothing" in html
    assert "1 reply · 1K tokens" in section(html, "usage-day")
    assert 'height="100"' in html, "the chart shows tokens where there is no cost"


def test_a_names_signs_are_shown_and_not_obeyed(alice: Seat, closed_room: Room) -> None:
    Room.objects.filter(pk=closed_room.pk).update(name="<script>x</script>")
    a_reply(alice.user, closed_room)
    html = usage_of(alice) + usage_of(alice, "launch")
    assert "<script>x" not in html and "&lt;script&gt;x" in html
    assert 'style="' not in html, "the policy of the pages forbids it"


def test_many_rooms_cost_no_more_queries_than_one(alice: Seat, closed_room: Room) -> None:
    a_reply(alice.user, closed_room)
    usage_of(alice)
    with CaptureQueriesContext(connection) as few:
        usage_of(alice)
    for number in range(5):
        room = Room.objects.create(slug=f"r-{number}", name=f"Room {number}", kind="session")
        room.memberships.create(user=alice.user, role="owner")
        a_reply(alice.user, room)
    with CaptureQueriesContext(connection) as many:
        html = usage_of(alice)
    assert section(html, "usage-owned").count("tokens") == 6
    assert len(many) == len(few)


def test_amounts_are_written_for_people() -> None:
    amounts = [0, 1, 99, 100, 62_000, 99_999, 100_000, 1_234_567, 1_234_567_890]
    assert [dollars(amount) for amount in amounts] == [
        "$0.00", "<$0.0001", "<$0.0001", "$0.0001", "$0.0620", "$0.1000", "$0.10", "$1.23", "$1,234.57",
    ]  # fmt: skip
    numbers = [0, 940, 999, 1000, 1234, 99_960, 999_499, 999_500, 4_100_000, 1_200_000_000]
    assert [compact(number) for number in numbers] == [
        "0", "940", "999", "1K", "1.2K", "100K", "999K", "1M", "4.1M", "1.2G",
    ]  # fmt: skip
    assert COST_OF_SOME == 10 * 3 + 20 * 15
