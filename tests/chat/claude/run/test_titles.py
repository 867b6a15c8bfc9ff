"""Titles of sessions that were begun without a name: over HTTP, from the reply's end to the name and the bill."""

import asyncio
from typing import Any

import pytest

from chat import known_models
from chat.access import Actor
from chat.claude.run import titles
from chat.known_models import KnownModel
from chat.messages import naming
from chat.models import Charge, ChargePurpose, ChargeState, Room
from chat.protocol import requests
from chat.realtime.database import in_database
from chat.rooms import rooms
from fake_claude import BadRequest, FakeClaude, Held, Normal, Overloaded, StopReason
from tests.chat.claude.desk import Desk, open_desk
from tests.chat.realtime.doubles import PATIENCE_SECONDS, until

pytestmark = pytest.mark.django_db(transaction=True)

HAIKU, SONNET, OPUS = "claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"
PROMPT = "Which towns in Norway can be reached by train and boat in a week in June?"
CALLED = "Which towns in Norway can be reached by train and boat in…"


@pytest.fixture(autouse=True)
def _nothing_listed() -> None:
    known_models.remember_listed(None)


async def nameless(desk: Desk) -> None:
    await desk.set_up(name=naming.NEW_SESSION, wants_title=True)


async def name() -> str:
    return await in_database(lambda: Room.objects.get(slug="desk").name)


async def is_called(title: str) -> None:
    """Wait until the session has this name."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await name() != title:  # noqa: ASYNC110 - it changes in the database
            await asyncio.sleep(0.01)


async def settled(fake: FakeClaude, calls: int) -> None:
    """Wait until so many calls were made, and what a title costs is settled."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(fake.requests) < calls or not await in_database(_is_settled):  # noqa: ASYNC110 - in the database
            await asyncio.sleep(0.01)


def _is_settled() -> bool:
    return [charge.state for charge in _titles()] == [ChargeState.SETTLED]


def _titles() -> list[Charge]:
    return list(Charge.objects.filter(purpose=ChargePurpose.TITLE))


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Norway by train and boat", "Norway by train and boat"),
        ("“Norway by train and boat.”", "Norway by train and boat"),
        ("# Norway by train\n\nThat is the title.", "Norway by train"),
        ("**Norway** by `train`", "Norway by train"),
        ("ノルウェーの列車と船の旅", "ノルウェーの列車と船の旅"),
        ("«النرويج بالقطار والقارب»", "النرويج بالقطار والقارب"),
        ("नॉर्वे की यात्रा", "नॉर्वे की यात्रा"),
        ("A title of many words " * 20, "A title of many words A title of many words A title of…"),
    ],
)
async def test_after_the_first_reply_the_session_has_a_title(said: str, title: str, fake: FakeClaude) -> None:
    fake.will(Normal("Bergen, Flåm and Oslo."), Normal(said))
    async with open_desk() as desk:
        await nameless(desk)
        await desk.ask(PROMPT)
        await is_called(title)
        (charge,) = await in_database(_titles)
    body = fake.requests[-1].body
    assert body["model"] == charge.model == HAIKU and body["thinking"] == {"type": "disabled"}
    assert body["max_tokens"] < 100 and "tools" not in body
    assert PROMPT in str(body["messages"]) and "Bergen" in str(body["messages"])
    assert charge.cost_microusd > 0 and charge.user_id == desk.alice.id


async def test_it_is_asked_for_once_and_the_second_reply_changes_nothing(fake: FakeClaude) -> None:
    fake.will(Normal("Bergen."), Normal("Norway by train"), Normal("And Flåm."))
    async with open_desk() as desk:
        await nameless(desk)
        await desk.ask(PROMPT)
        await is_called("Norway by train")
        await desk.ask("And boats?")
        assert len(fake.requests) == 3 and await name() == "Norway by train"


@pytest.mark.parametrize("fault", [Overloaded(), BadRequest(message="no"), StopReason("refusal", text="")], ids=str)
async def test_where_it_fails_the_session_is_called_after_its_prompt_and_it_is_not_asked_for_again(
    fault: Any, fake: FakeClaude
) -> None:
    fake.will(Normal("Bergen."))
    fake.default = fault
    async with open_desk() as desk:
        await nameless(desk)
        reply = await desk.ask(PROMPT)
        await settled(fake, 2)
        assert reply.state == "complete" and await name() == CALLED
        fake.default = Normal("And Flåm.")
        before = len(fake.requests)
        await desk.ask("And boats?")
        assert len(fake.requests) == before + 1


async def test_a_name_that_a_person_chose_meanwhile_stays(fake: FakeClaude) -> None:
    held = Held(text="Norway by train", pieces=3, after=1)
    fake.will(Normal("Bergen."), held)
    async with open_desk() as desk:
        await nameless(desk)
        await desk.ask(PROMPT)
        await until(lambda: len(fake.requests) == 2)
        renaming = requests.UpdateRoom(room="desk", name="Our holidays")
        await in_database(rooms.update_room, desk.alice, renaming)
        fake.release()
        await settled(fake, 2)
        assert await name() == "Our holidays"


async def test_who_renames_it_before_the_first_prompt_pays_for_no_title(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        await nameless(desk)
        await in_database(rooms.update_room, desk.alice, requests.UpdateRoom(room="desk", name="Our holidays"))
        await desk.ask(PROMPT)
        await desk.ask("And boats?")
    assert len(fake.requests) == 2


async def test_a_session_that_was_begun_with_a_name_keeps_it(fake: FakeClaude) -> None:
    async with open_desk() as desk:
        before = await name()
        await desk.ask(PROMPT)
        await desk.ask("And boats?")
        assert len(fake.requests) == 2 and await name() == before


async def test_it_can_be_turned_off(fake: FakeClaude, settings: Any) -> None:
    settings.CLAUDE_TITLES = False
    async with open_desk() as desk:
        await nameless(desk)
        await desk.ask(PROMPT)
        await desk.ask("And boats?")
        assert len(fake.requests) == 2 and await name() == CALLED


async def test_where_the_limit_is_reached_there_is_none(fake: FakeClaude, settings: Any) -> None:
    async with open_desk() as desk:
        await nameless(desk)
        reply = await desk.ask(PROMPT)
        assert reply.state == "complete"
    fake.requests.clear()
    settings.SPEND_MONTH_USD = 0.000001
    await in_database(lambda: Room.objects.filter(slug="desk").update(wants_title=True, name=CALLED))
    await titles.write_title(reply.pk, reply.room_id)
    assert fake.requests == [] and await name() == CALLED


async def test_of_two_processes_one_asks(fake: FakeClaude, settings: Any) -> None:
    settings.CLAUDE_TITLES = False  # or this process would be the first
    async with open_desk() as desk:
        reply = await desk.ask(PROMPT)
        await nameless(desk)
        taken = [await in_database(naming.take_title_turn, reply.room_id) for _ in range(2)]
    assert taken == [naming.NEW_SESSION, None]


async def test_only_a_reply_that_ended_well_is_a_reason(fake: FakeClaude) -> None:
    fake.will(StopReason("refusal", text=""), Normal("Bergen."), Normal("Norway"))
    async with open_desk() as desk:
        await nameless(desk)
        await desk.ask(PROMPT)
        assert len(fake.requests) == 1
        await desk.ask("Once more?")
        await is_called("Norway")


def test_sessions_without_a_name_want_a_title_and_others_do_not(alice: Any) -> None:
    made = [
        rooms.create_room(Actor.of(alice), request).room.slug
        for request in (
            requests.CreateRoom(kind="session"),
            requests.CreateRoom(kind="session", name="Trip"),
            requests.CreateRoom(kind="session", room="trip"),
            requests.CreateRoom(kind="closed", name="Den"),
        )
    ]
    assert [Room.objects.get(slug=slug).wants_title for slug in made] == [True, False, False, False]


def test_the_cheapest_of_those_that_are_offered_writes_it(settings: Any) -> None:
    assert titles.cheapest_model() == HAIKU
    known_models.remember_listed([KnownModel(SONNET, "Sonnet"), KnownModel(OPUS, "Opus")])
    assert titles.cheapest_model() == SONNET
    known_models.remember_listed([KnownModel("our-own", "Our own")])
    assert titles.cheapest_model() == settings.CLAUDE_MODEL
