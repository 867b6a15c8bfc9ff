"""Who runs which reply: claims, checkpoints and ends, each conditional on the reply's epoch. Database thread only.

A claim raises the epoch, so whatever a runner writes that has lost its reply (it was frozen, say) changes nothing.
Time is the database's, so that machines whose clocks differ agree on when a lease has run out.
"""

from collections.abc import Collection, Sequence
from datetime import timedelta
from enum import Enum
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from chat.billing import spending
from chat.claude.run import turns
from chat.claude.run.turns import Head
from chat.messages import reply_rows
from chat.messages.notices import take_change
from chat.model_choice import effort_of, is_without_thinking
from chat.models import Message, Reply, ReplyState, Room, Usage
from chat.models.plain_sql import rows_of, update_rows
from chat.realtime.events import Requester

log = structlog.get_logger(__name__)

# Each comes with its text.
_LOST_AT_ONCE: Final = 50
_LOST_SENTENCE: Final = "The server that ran this reply went away."


class Verdict(Enum):
    """What a checkpoint tells the runner: go on, end it because someone said stop, or drop it, it is not yours."""

    GO_ON = "go on"
    STOP = "stop"
    LOST = "lost"


class Checkpoint(NamedTuple):
    """How far a running reply has come. usage: that of all attempts so far; calls: that of each call of this attempt.

    made: fields of the reply that say how it was asked for, where Anthropic refused that.
    """

    reply_id: int
    epoch: int
    text: str
    thinking: str
    n: int
    tools: list[dict[str, str]]
    usage: Usage
    calls: tuple[Usage, ...] = ()
    made: dict[str, Any] = {}  # noqa: RUF012 - never changed

    @property
    def said(self) -> dict[str, Any]:
        """Return the reply's fields that hold its words, each of the same `n`, and how it was made if not as asked."""
        return {"text": self.text, "thinking": self.thinking, "n": self.n, "tools": self.tools, **self.made}


class Outcome(NamedTuple):
    """How a reply ended. error is for the members, error_detail for the administrators."""

    state: ReplyState
    stop_reason: str = ""
    error: str = ""
    error_detail: str = ""


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.REPLY_LEASE_SECONDS)


def claim_next(owner: str) -> Reply | None:
    """Claim the reply whose turn it is, in a room where none runs; None when there is none."""
    for head in turns.in_turn():
        try:
            claimed = _claim(head, owner)
        except IntegrityError:  # another runner took another prompt of this room in the same moment
            continue
        if claimed is not None:
            return claimed
    return None


@transaction.atomic
def _claim(head: Head, owner: str) -> Reply | None:
    room = Room.objects.select_for_update(no_key=True).filter(pk=head.room_id).first()
    if room is None or Reply.objects.filter(room=room, state=ReplyState.RUNNING).exists():
        return None
    waiting = Reply.objects.select_related("message").filter(pk=head.reply_id, state=ReplyState.QUEUED).first()
    if waiting is None:
        return None
    if not reply_rows.is_still_wanted(waiting):
        reply_rows.end_waiting(room, waiting.message, waiting, None)
        return None
    change = room.change + 1
    taken = Reply.objects.filter(pk=head.reply_id, state=ReplyState.QUEUED).update(
        state=ReplyState.RUNNING,
        change=change,
        owner=owner,
        epoch=F("epoch") + 1,
        lease_expires_at=_lease(),
        started_at=timezone.now(),
        effort=effort_of(room, waiting.model, waiting.chosen),
        without_thinking=is_without_thinking(room, waiting.model, waiting.chosen),
    )
    if not taken:
        return None
    take_change(room)
    Message.objects.filter(shown=head.reply_id).update(change=change)
    reply = Reply.objects.select_related("message", "prompt", "room", "requested_by").get(pk=head.reply_id)
    reply_rows.tell(room, reply.message)
    return reply


def checkpoint(checkpoints: Sequence[Checkpoint]) -> dict[int, Verdict]:
    """Keep what all running replies of a process have said, and renew their leases: one transaction for all."""
    verdicts: dict[int, Verdict] = {}
    with transaction.atomic():
        for each in checkpoints:
            said = {**each.said, **each.usage._asdict()}
            mine = {"pk": each.reply_id, "epoch": each.epoch, "state": ReplyState.RUNNING.value}
            if update_rows(Reply, said, **mine, stopped_by=None):
                verdicts[each.reply_id] = Verdict.GO_ON
            else:
                verdicts[each.reply_id] = Verdict.STOP if rows_of(Reply, "pk", **mine) else Verdict.LOST
        going_on = [reply_id for reply_id, verdict in verdicts.items() if verdict is Verdict.GO_ON]
        Reply.objects.filter(pk__in=going_on).update(lease_expires_at=_lease())
    return verdicts


def note_context(reply_id: int, context_from: int | None, *, has_summary: bool) -> None:
    """Keep from where on Claude saw the room. The members learn it with the reply's end."""
    Reply.objects.filter(pk=reply_id).update(context_from=context_from, has_summary=has_summary)


def finish(last: Checkpoint, outcome: Outcome, html: str, *, is_orphan: bool = False) -> bool:
    """End a reply. False when it was not the caller's any more, and nothing was changed.

    is_orphan: its runner is gone. A call of which not even the last checkpoint knows anything counts as reserved.
    """
    with transaction.atomic():
        room = Room.objects.select_for_update(no_key=True, of=("self",)).filter(replies=last.reply_id).first()
        if room is None:
            return False
        reply = Reply.objects.select_related("message").get(pk=last.reply_id)
        if reply.epoch != last.epoch or reply.state != ReplyState.RUNNING:
            return False
        if outcome.state == ReplyState.STOPPED and reply.stopped_by_id is None:
            outcome = outcome._replace(state=ReplyState.INTERRUPTED)
        spent = last.usage.minus(spending.settled_before(reply.pk, reply.attempt))
        cost = spending.settle(reply.pk, reply.attempt, None if is_orphan and not any(spent) else spent, last.calls)
        _end(room, reply, last, outcome, html, cost)
        return True


def _end(room: Room, reply: Reply, last: Checkpoint, outcome: Outcome, html: str, cost: int) -> None:
    message = reply.message
    requester = Requester(reply.requester, reply.request_id)
    reply.state = outcome.state
    reply.change = message.change = take_change(room)
    for name, value in {**last.said, **last.usage._asdict()}.items():
        setattr(reply, name, value)
    reply.cost_microusd += cost
    reply.stop_reason = outcome.stop_reason
    reply.error, reply.error_detail = outcome.error, outcome.error_detail
    if outcome.state != ReplyState.STOPPED:
        reply.stopped_by = None  # it came to its own end before the stop took effect
    reply.epoch += 1
    reply.lease_expires_at, reply.ended_at = None, timezone.now()
    reply.save()
    message.content, message.html = last.text, html
    message.save(update_fields=["content", "html", "change"])
    reply_rows.tell(room, message, requester)


class Lost(NamedTuple):
    """A reply whose runner is gone, as its last checkpoint has it."""

    last: Checkpoint
    outcome: Outcome
    room_id: int
    owner: str


def lost(running_here: Collection[int] = ()) -> list[Lost]:
    """Return some of the replies whose runner is gone. Their texts are still to be rendered, which may take long.

    running_here: replies that this process runs itself. On a busy machine it may be late with their leases; it would be
    the only one to believe that it is gone.
    """
    expired = Reply.objects.filter(state=ReplyState.RUNNING, lease_expires_at__lt=Now())
    return [_lost(reply) for reply in expired.exclude(pk__in=running_here).order_by("pk")[:_LOST_AT_ONCE]]


def _lost(reply: Reply) -> Lost:
    last = Checkpoint(
        reply.pk, reply.epoch, reply.text, reply.thinking, reply.n, reply.tools,
        reply.usage,
    )  # fmt: skip
    outcome = (
        Outcome(ReplyState.STOPPED, "stopped")
        if reply.stopped_by_id is not None
        else Outcome(ReplyState.INTERRUPTED, error=_LOST_SENTENCE, error_detail=f"Runner {reply.owner} is gone.")
    )
    return Lost(last, outcome, reply.room_id, reply.owner)


def end_lost(gone: Lost, html: str) -> bool:
    """End a reply with the text of its last checkpoint. False when another process was quicker."""
    is_ended = finish(gone.last, gone.outcome, html, is_orphan=True)
    if is_ended:
        log.warning("reply.runner_gone", reply=gone.last.reply_id, owner=gone.owner)
    return is_ended
