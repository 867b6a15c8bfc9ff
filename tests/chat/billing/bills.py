"""Ways to bring about replies and their charges, as the runner leaves them."""

from typing import Final

from accounts.models import User
from chat.billing import spending
from chat.billing.pricing import Tokens
from chat.models import Charge, Kind, Message, Reply, ReplyState, Room
from config.prices import priced

SONNET: Final = "claude-sonnet-5-5"
# What the tests count with, whatever the built-in prices are.
PRICES: Final = priced({SONNET: {"input": "3", "output": "15", "cache_write": "3.75", "cache_read": "0.30"}}, "")
# In millionths of a dollar: 10 * 3 + 20 * 15.
SOME_TOKENS: Final = (10, 20, 0, 0)
COST_OF_SOME: Final = 330


def a_reply(
    user: User | None,
    room: Room,
    state: ReplyState = ReplyState.COMPLETE,
    *,
    usage: Tokens | None = SOME_TOKENS,
    detail: str = "",
    text: str = "",
    model: str = SONNET,
) -> Reply:
    """Make a reply with its charge, settled unless there is no usage yet."""
    change = Message.objects.filter(room=room).count() + 1000
    message = Message.objects.create(room=room, seq=change, change=change, kind=Kind.TEXT, content=text)
    reply = Reply.objects.create(
        message=message, room=room, change=change, model=model, state=state, requested_by=user, error_detail=detail,
        text=text, thinking=text, prompt_content=text, output_tokens=0 if usage is None else usage[1],
    )  # fmt: skip
    user_id = None if user is None else user.pk
    spending.reserve(user_id, room.pk, model, reply_id=reply.pk)
    if usage is not None:
        reply.cost_microusd = spending.settle(reply.pk, 1, usage)
        reply.save(update_fields=["cost_microusd"])
    return reply


def charge_of(reply: Reply) -> Charge:
    return Charge.objects.get(reply=reply)
