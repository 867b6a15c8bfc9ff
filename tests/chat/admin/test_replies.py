"""Claude in the administration: what it costs, why it fails, and a banner that cannot be overlooked. No text of people."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from accounts.models import User
from chat.billing import spending
from chat.claude import recent_failures
from chat.model_choice import DEMO_MODEL
from chat.models import ReplyState, Room
from tests.chat.billing.bills import PRICES, a_reply, charge_of
from tests.chat.conftest import person, queries_of

REPLIES = reverse("admin:chat_reply_changelist")
CHARGES = reverse("admin:chat_charge_changelist")
SPENDING = reverse("admin:chat_spending_changelist")
OVERVIEW = reverse("admin:chat_charge_overview")
INDEX = reverse("admin:index")
BAD_KEY = "bad_key: HTTP 401 authentication_error: invalid x-api-key (req_1)"
OVERLOADED = "overloaded: HTTP 529 overloaded_error: Overloaded (req_2)"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def with_a_key(settings: Any) -> None:
    settings.ANTHROPIC_API_KEY, settings.CLAUDE_BACKEND = "test-key", "auto"
    settings.CLAUDE_PRICES = PRICES
    settings.CLAUDE_CONTEXT_TOKENS, settings.CLAUDE_REPLY_TOKENS = 30_000, 8_000


def html_of(client: Client, url: str, **query: str) -> str:
    response = client.get(url, query)
    assert response.status_code == 200
    return str(response.content.decode())


def shown(client: Client, **query: str) -> list[int]:
    return [reply.pk for reply in client.get(REPLIES, query).context["cl"].result_list]


def failed(user: User, room: Room, detail: str) -> Any:
    return a_reply(user, room, ReplyState.FAILED, detail=detail, usage=(0, 0, 0, 0))


# --- Lists ----------------------------------------------------------------------------------------------------------------


def test_replies_are_found_by_room_and_person_and_filtered(
    as_ruth: Client, alice: User, bob: User, lounge: Room
) -> None:
    attic = Room.objects.create(slug="attic", name="Attic")
    done, broken = a_reply(alice, lounge), failed(bob, attic, OVERLOADED)
    demo = a_reply(bob, lounge, model=DEMO_MODEL)
    assert shown(as_ruth) == [demo.pk, broken.pk, done.pk], "the newest first"
    assert shown(as_ruth, q="attic") == [broken.pk]
    assert shown(as_ruth, q="alice") == [done.pk]
    assert shown(as_ruth, state="failed") == [broken.pk]
    assert shown(as_ruth, state__exact="failed") == [broken.pk]
    assert shown(as_ruth, model=DEMO_MODEL) == [demo.pk]


def test_fifty_rows_cost_as_many_queries_as_two(as_ruth: Client, alice: User, bob: User, lounge: Room) -> None:
    for user in (alice, bob):
        a_reply(user, lounge)
    few = [len(queries_of(as_ruth, url)) for url in (REPLIES, CHARGES, SPENDING, OVERVIEW, INDEX)]
    for number in range(48):
        room = Room.objects.create(slug=f"room-{number}", name="Room")
        state, detail = ((ReplyState.COMPLETE, ""), (ReplyState.FAILED, OVERLOADED))[number % 2]
        a_reply(person(f"guest-{number}"), room, state, detail=detail, usage=None if number % 3 else (1, 1, 1, 1))
    assert [len(queries_of(as_ruth, url)) for url in (REPLIES, CHARGES, SPENDING, OVERVIEW, INDEX)] == few


def test_no_page_shows_what_people_and_claude_have_said(as_ruth: Client, alice: User, lounge: Room) -> None:
    reply = a_reply(alice, lounge, ReplyState.FAILED, text="the safe is behind the painting", detail=OVERLOADED)
    pages = [REPLIES, CHARGES, OVERVIEW, INDEX, reverse("admin:chat_reply_change", args=[reply.pk])]
    pages.append(reverse("admin:chat_charge_change", args=[charge_of(reply).pk]))
    for url in pages:
        assert "painting" not in html_of(as_ruth, url), url
    assert shown(as_ruth, q="painting") == [], "nor can it be found by its words"


def test_a_reply_is_linked_to_its_message(as_ruth: Client, alice: User, lounge: Room) -> None:
    reply = a_reply(alice, lounge)
    html = html_of(as_ruth, reverse("admin:chat_reply_change", args=[reply.pk]))
    assert reverse("admin:chat_message_change", args=[reply.message_id]) in html
    assert "$0.0003" in html


def test_nothing_can_be_written(as_ruth: Client, alice: User, lounge: Room) -> None:
    charge = charge_of(a_reply(alice, lounge))
    for model, key in (("reply", charge.reply_id), ("charge", charge.pk), ("spending", 1)):
        assert as_ruth.get(reverse(f"admin:chat_{model}_add")).status_code == 403
        assert as_ruth.post(reverse(f"admin:chat_{model}_change", args=[key]), {"state": "open"}).status_code in (
            302,
            403,
        )
        assert as_ruth.post(reverse(f"admin:chat_{model}_delete", args=[key]), {"post": "yes"}).status_code in (
            302,
            403,
        )
    charge.refresh_from_db()
    assert (charge.state, charge.cost_microusd) == ("settled", 330)


def test_a_reason_with_markup_is_shown_and_not_obeyed(as_ruth: Client, alice: User, lounge: Room) -> None:
    reply = failed(alice, lounge, "bad_key: <img src=x onerror=alert(1)>")
    for url in (REPLIES, OVERVIEW, INDEX, reverse("admin:chat_reply_change", args=[reply.pk])):
        html = html_of(as_ruth, url)
        assert "<img src=x" not in html and "&lt;img src=x" in html, url


# --- The overview ---------------------------------------------------------------------------------------------------------


def test_the_overview_sums_up_by_day_person_room_and_model(
    as_ruth: Client, alice: User, bob: User, lounge: Room, settings: Any
) -> None:
    settings.SPEND_MONTH_USD = 12.0
    a_reply(alice, lounge, usage=(1_000_000, 0, 0, 0))
    a_reply(bob, lounge, usage=(0, 0, 0, 0))
    waiting = a_reply(bob, lounge, ReplyState.QUEUED, usage=None)
    broken = failed(bob, lounge, OVERLOADED)
    context = as_ruth.get(OVERVIEW).context
    assert [(name, used.cost, used.replies) for name, _id, used in context["by_person"]] == [
        ("alice", 3_000_000, 1),
        ("bob", 0, 3),
    ]
    assert [(name, used.tokens) for name, _id, used in context["by_room"]] == [("lounge", 1_000_000)]
    assert [(row.key, row.used.cost) for row in context["by_model"]] == [("claude-sonnet-5-5", 3_000_000)]
    assert [row.used.cost for row in context["days"]] == [3_000_000]
    assert [charge.reply_id for charge in context["open"]] == [waiting.pk]
    assert [reply.pk for reply in context["failed"]] == [broken.pk]
    month = context["standings"][1]
    assert (month.spent, month.reserved, month.limit) == (3_000_000, 232_500, 12_000_000)
    html = html_of(as_ruth, OVERVIEW)
    assert "Overloaded (req_2)" in html and "assumptions" in html and "12.00" in html


def test_the_overview_without_anything_says_so(as_ruth: Client) -> None:
    html = html_of(as_ruth, OVERVIEW)
    assert "Nothing has failed." in html and "No one has asked Claude this month." in html


def test_the_overview_says_why_a_demo_replies(as_ruth: Client, settings: Any) -> None:
    settings.CLAUDE_BACKEND = "demo"
    assert "because CLAUDE_BACKEND says so" in html_of(as_ruth, OVERVIEW)
    settings.CLAUDE_BACKEND, settings.ANTHROPIC_API_KEY = "auto", ""
    assert "because ANTHROPIC_API_KEY is not set" in html_of(as_ruth, OVERVIEW)


def test_staff_see_it_by_permission_only() -> None:
    sam = person("sam", is_staff=True)
    client = Client()
    client.force_login(sam)
    assert client.get(OVERVIEW).status_code == 403
    assert OVERVIEW not in html_of(client, INDEX)
    sam.user_permissions.add(Permission.objects.get(codename="view_charge"))
    assert client.get(OVERVIEW).status_code == 200
    assert OVERVIEW in html_of(client, INDEX)


def test_others_are_not_let_in(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    assert client.get(OVERVIEW).status_code in (302, 403)


# --- The banner -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(recent_failures.REMEDIES))
@pytest.mark.parametrize("url", [INDEX, OVERVIEW])
def test_what_no_waiting_mends_heads_the_administration(
    as_ruth: Client, alice: User, lounge: Room, code: str, url: str
) -> None:
    failed(alice, lounge, f"{code}: HTTP 401 (req_9)")
    html = html_of(as_ruth, url)
    assert "Claude can't reply." in html and "(req_9)" in html
    assert recent_failures.REMEDIES[code].split(".")[0] in html.replace("&#x27;", "'")


def test_a_reply_that_succeeds_takes_the_banner_away(as_ruth: Client, alice: User, lounge: Room) -> None:
    a_reply(alice, lounge)
    for _ in range(3):
        failed(alice, lounge, BAD_KEY)
    assert "The newest 3 attempts failed" in html_of(as_ruth, INDEX)
    failed(alice, lounge, OVERLOADED)
    a_reply(alice, lounge, ReplyState.STOPPED, usage=(0, 0, 0, 0))
    a_reply(alice, lounge, ReplyState.RUNNING, usage=None)
    a_reply(alice, lounge, model=DEMO_MODEL)
    assert "Claude can't reply." in html_of(as_ruth, INDEX), "none of these has shown that the key is good"
    a_reply(alice, lounge)
    assert "Claude can't reply." not in html_of(as_ruth, INDEX)


def test_a_retry_that_succeeds_takes_the_banner_away(as_ruth: Client, alice: User, lounge: Room) -> None:
    reply = failed(alice, lounge, BAD_KEY)
    failed(alice, lounge, BAD_KEY)
    spending.reserve(alice.pk, lounge.pk, reply.model, attempt=2, reply_id=reply.pk)
    reply.attempt, reply.state, reply.error_detail, reply.output_tokens = 2, ReplyState.COMPLETE, "", 20
    reply.save()
    assert "Claude can't reply." not in html_of(as_ruth, INDEX)


@pytest.mark.parametrize("detail", [OVERLOADED, "stalled: ReadTimeout", "unknown_model: HTTP 404", ""])
def test_what_passes_or_concerns_one_room_is_no_banner(as_ruth: Client, alice: User, lounge: Room, detail: str) -> None:
    failed(alice, lounge, detail)
    assert "Claude can't reply." not in html_of(as_ruth, INDEX)


def test_the_demo_needs_no_key_and_has_no_banner(as_ruth: Client, alice: User, lounge: Room, settings: Any) -> None:
    failed(alice, lounge, BAD_KEY)
    settings.CLAUDE_BACKEND = "demo"
    assert "Claude can't reply." not in html_of(as_ruth, INDEX)
