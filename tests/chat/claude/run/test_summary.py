"""Notes on what no longer fits: made slice by slice, paid for, and without a word that was edited away or deleted."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from accounts.models import User
from chat.access import Actor
from chat.billing import spending
from chat.claude.backends.backend import Call, CallFailed, End, Piece, Text
from chat.claude.run import summary
from chat.claude.run.summary import summarise
from chat.lifetime import part
from chat.messages import changes, summaries
from chat.models import Charge, Message, Reply, ReplyState, Room, RoomSummary, Usage
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database
from tests.chat.claude.talk import asks, ends, says
from tests.chat.fixtures import room_of, silence

__all__ = ["silence"]

pytestmark = pytest.mark.django_db(transaction=True)

MODEL = "claude-sonnet-5-5"


class Model:
    """A model that says what it is told to, once it may, and remembers what it was asked."""

    def __init__(self, text: str = "Notes.", *, stop_reason: str = "end_turn", fails: CallFailed | None = None) -> None:
        self.text, self.stop_reason, self.fails = text, stop_reason, fails
        self.calls: list[Call] = []
        self.asked, self.may_reply = asyncio.Event(), asyncio.Event()
        self.may_reply.set()

    async def stream(self, call: Call) -> AsyncGenerator[Piece, None]:
        self.calls.append(call)
        self.asked.set()
        yield Usage(1_000, 1)
        await self.may_reply.wait()
        if self.fails is not None:
            raise self.fails
        yield Text(self.text)
        yield Usage(1_000, 50)
        yield End(self.stop_reason, [])

    async def close(self) -> None:
        pass

    @property
    def question(self) -> str:
        return self.calls[-1].messages[0]["content"][0]["text"]


@pytest.fixture
def den(alice: User, bob: User) -> Room:
    return room_of(alice, "den", "session", members=[bob])


@pytest.fixture
def talked(alice: User, bob: User, den: Room) -> Room:
    """Messages 1 to 10, of which Claude, asked in 11, has seen no more than those from 8."""
    for number in range(1, 11):
        says(bob, den, f"fact {number}")
    ends(asks(alice, den, "well?"), "Well.", context_from=8)
    return den


def notes_of(room: Room) -> tuple[int, str]:
    found = RoomSummary.objects.filter(room=room).first()
    return (0, "") if found is None else (found.upto_seq, found.text)


def move_border(room: Room, context_from: int) -> None:
    Reply.objects.filter(room=room).update(context_from=context_from)


async def test_what_was_dropped_is_folded_into_the_notes_once(talked: Room) -> None:
    model = Model("They state facts. ")
    await summarise(talked.pk, model, MODEL)
    assert await in_database(notes_of, talked) == (7, "They state facts.")
    assert "> fact 7" in model.question and "fact 8" not in model.question and "notes so far" not in model.question
    await summarise(talked.pk, model, MODEL)
    assert len(model.calls) == 1, "nothing is left to fold"
    await in_database(move_border, talked, 10)
    await summarise(talked.pk, model, MODEL)
    assert "[Your notes so far]\n> They state facts.\n\n" in model.question
    assert "> fact 9" in model.question and "> fact 7" not in model.question and "> fact 10" not in model.question
    assert (await in_database(notes_of, talked))[0] == 9


async def test_a_room_that_fits_needs_no_notes(alice: User, den: Room) -> None:
    await in_database(lambda: ends(asks(alice, den, "well?"), "Well."))
    model = Model()
    await summarise(den.pk, model, MODEL)
    assert not model.calls


async def test_notes_are_paid_for_by_who_called_claude(alice: User, talked: Room) -> None:
    await summarise(talked.pk, Model(), MODEL)
    charge = await in_database(Charge.objects.get)
    assert (charge.purpose, charge.state, charge.user_id, charge.room_id) == ("summary", "settled", alice.pk, talked.pk)
    assert charge.cost_microusd > 0 and (charge.input_tokens, charge.output_tokens) == (1_000, 50)


async def test_without_money_no_call_is_made(talked: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **facts: Any) -> None:
        raise ProtocolError(ErrorCode.QUOTA_EXCEEDED, "Enough for today.")

    monkeypatch.setattr(spending, "reserve", refuse)
    model = Model()
    await summarise(talked.pk, model, MODEL)
    assert not model.calls and await in_database(notes_of, talked) == (0, "")


@pytest.mark.parametrize("error", [CallFailed("cut", "It broke off.", "", began=True), RuntimeError("a bug of ours")])
async def test_a_failure_is_paid_for_and_raises_nothing(error: Any, talked: Room) -> None:
    await summarise(talked.pk, Model(fails=error), MODEL)
    charge = await in_database(Charge.objects.get)
    assert charge.state == "settled" and charge.output_tokens == 1
    assert await in_database(notes_of, talked) == (0, "")
    await summarise(talked.pk, Model(), MODEL)
    assert await in_database(notes_of, talked) == (7, "Notes."), "the next one is not held up by it"


async def test_notes_that_the_model_refuses_are_made_plainly_and_not_asked_for_again(talked: Room) -> None:
    model = Model("I'd rather not.", stop_reason="refusal")
    await summarise(talked.pk, model, MODEL)
    upto_seq, text = await in_database(notes_of, talked)
    assert upto_seq == 7 and text.splitlines()[-1] == "[7] @bob: fact 7"
    await summarise(talked.pk, model, MODEL)
    assert len(model.calls) == 1


async def test_the_demo_makes_plain_notes_without_a_call(talked: Room) -> None:
    model = Model()
    await summarise(talked.pk, model, "demo")
    assert not model.calls and not await in_database(Charge.objects.exists)
    assert (await in_database(notes_of, talked))[1].splitlines() == [f"[{n}] @bob: fact {n}" for n in range(1, 8)]


async def test_a_slice_is_bounded_and_the_next_goes_on(alice: User, bob: User, den: Room, settings: Any) -> None:
    settings.CLAUDE_CONTEXT_TOKENS = 2_000

    def fill() -> None:
        for number in range(1, 31):
            says(bob, den, f"fact {number} {'word ' * 40}")
        ends(asks(alice, den, "well?"), "Well.", context_from=30)

    await in_database(fill)
    model, reached = Model("n" * 20_000), []
    for _ in range(30):
        await summarise(den.pk, model, MODEL)
        reached.append((await in_database(notes_of, den))[0])
        if reached[-1] == 29:
            break
    assert reached == sorted(set(reached)) and 3 < len(reached) < 30 and reached[-1] == 29
    assert all(f"fact {number} " in "".join(str(call) for call in model.calls) for number in range(1, 30))
    assert len((await in_database(notes_of, den))[1]) < 6_000, "the notes are bounded whatever the model writes"


async def test_a_slice_ends_before_a_reply_that_is_still_to_come(alice: User, talked: Room) -> None:
    def ask() -> None:
        early = Message.objects.get(seq=4)
        reply = ends(asks(alice, talked, "again?"), "", ReplyState.QUEUED)
        Message.objects.filter(pk=early.pk).update(shown=reply)

    await in_database(ask)
    await summarise(talked.pk, Model(), MODEL)
    assert (await in_database(notes_of, talked))[0] == 3


# --- Forgetting -------------------------------------------------------------------------------------------------


def edit(author: User, room: Room, seq: int) -> None:
    message = Message.objects.get(room=room, seq=seq)
    changes.edit_message(Actor.of(author), str(message.pk), "changed", "<p>changed</p>")


def delete(author: User, room: Room, seq: int) -> None:
    message = Message.objects.get(room=room, seq=seq)
    changes.delete_message(Actor.of(author), requests.DeleteMessage(str(message.pk)))


@pytest.mark.parametrize("change", [edit, delete])
async def test_what_is_edited_or_deleted_is_forgotten(change: Any, bob: User, talked: Room, silence: list[Any]) -> None:
    await summarise(talked.pk, Model("old notes"), MODEL)
    await in_database(change, bob, talked, 9)
    assert await in_database(notes_of, talked) == (7, "old notes"), "the notes do not cover message 9"
    await in_database(change, bob, talked, 3)
    assert await in_database(notes_of, talked) == (0, "")
    model = Model("new notes")
    await summarise(talked.pk, model, MODEL)
    assert "fact 3" not in model.question and "old notes" not in model.question
    assert await in_database(notes_of, talked) == (7, "new notes")


@pytest.mark.parametrize("change", [edit, delete])
async def test_what_is_edited_or_deleted_while_notes_are_made_does_not_get_into_them(
    change: Any, bob: User, talked: Room, silence: list[Any]
) -> None:
    model = Model("notes with fact 3")
    model.may_reply.clear()
    making = asyncio.create_task(summarise(talked.pk, model, MODEL))
    await asyncio.wait_for(model.asked.wait(), 10)
    await in_database(change, bob, talked, 3)
    model.may_reply.set()
    await making
    assert await in_database(notes_of, talked) == (0, "")


async def test_new_notes_do_not_build_on_forgotten_ones(bob: User, talked: Room, silence: list[Any]) -> None:
    """The notes are forgotten, made again and at the same place, while others still fold the forgotten ones."""
    await summarise(talked.pk, Model("tells of fact 3"), MODEL)
    await in_database(move_border, talked, 10)
    late = Model("still tells of fact 3")
    late.may_reply.clear()
    making = asyncio.create_task(summarise(talked.pk, late, MODEL))
    await asyncio.wait_for(late.asked.wait(), 10)
    await in_database(delete, bob, talked, 3)
    await in_database(lambda: RoomSummary.objects.filter(room=talked).update(upto_seq=7, text="made again"))
    late.may_reply.set()
    await making
    assert await in_database(notes_of, talked) == (7, "made again")


async def test_two_at_once_are_one(talked: Room) -> None:
    model = Model()
    model.may_reply.clear()
    first = asyncio.create_task(summarise(talked.pk, model, MODEL))
    await asyncio.wait_for(model.asked.wait(), 10)
    await summarise(talked.pk, model, MODEL)
    model.may_reply.set()
    await first
    assert len(model.calls) == 1 and not part(summary.AtWork)


def test_what_was_read_elsewhere_or_is_gone_is_not_kept(talked: Room) -> None:
    first = Message.objects.get(room=talked, seq=1)
    assert not summaries.keep(talked.pk + 1, (0, ""), (1, "x"), {first.pk: "fact 1"})
    assert not summaries.keep(talked.pk, (0, ""), (1, "x"), {first.pk: "fact one"})
    assert not summaries.keep(talked.pk, (5, ""), (1, "x"), {first.pk: "fact 1"})
    assert summaries.keep(talked.pk, (0, ""), (1, "x"), {first.pk: "fact 1"})
    assert notes_of(talked) == (1, "x")
