"""The title of a session that was begun without a name, written by the cheapest model after its first reply.

Nothing waits for it, and it never raises: until then, and where it fails, the session is called after its first prompt.
Each session asks for it once, whichever process its reply ran in.
"""

import asyncio
from typing import Final, NamedTuple

import structlog
from django.conf import settings

from chat import known_models
from chat.billing import pricing
from chat.claude.backends.backend import Call
from chat.claude.backends.chosen import backend_for
from chat.claude.prompt import prompts
from chat.claude.reading import tokens, transcript
from chat.claude.run.aside import faults_logged, said_aside
from chat.messages import naming
from chat.model_choice import is_demo
from chat.models import ChargePurpose, Reply, ReplyState
from chat.realtime.database import in_database

log = structlog.get_logger(__name__)

_SECONDS_AT_MOST: Final = 60
# Of the prompt, and of the reply.
_READ_TOKENS: Final = 1_000
_TITLE_TOKENS: Final = 60
# For a model that can't do without thinking.
_THINKING_TOKENS: Final = 2_000


class _Exchange(NamedTuple):
    prompt: str
    reply: str
    payer: int | None


async def write_title(reply_id: int, room_id: int) -> None:
    """Give the session of this reply a title, if it has none of its own and wasn't given one before."""
    if is_demo() or not settings.CLAUDE_TITLES:
        return
    with faults_logged("title", room_id):
        async with asyncio.timeout(_SECONDS_AT_MOST):
            await _write(reply_id, room_id)


async def _write(reply_id: int, room_id: int) -> None:
    exchange = await in_database(_exchange, reply_id)
    if exchange is None:
        return
    name = await in_database(naming.take_title_turn, room_id)
    if name is None:
        return
    model = cheapest_model()
    said = await said_aside(backend_for(model), _call(model, exchange), exchange.payer, room_id, ChargePurpose.TITLE)
    title = naming.title_from(said)
    given = bool(title) and await in_database(naming.give_title, room_id, name, title)
    log.info("title.given" if given else "title.not_given", room=room_id, model=model)


def _exchange(reply_id: int) -> _Exchange | None:
    """Return what was asked and said, where the reply came to a good end."""
    found = Reply.objects.filter(pk=reply_id, state=ReplyState.COMPLETE, prompt__deleted_at=None)
    row = found.exclude(text="").values_list("prompt__content", "text", "requested_by").first()
    return None if row is None else _Exchange(row[0] or "", row[1], row[2])


def cheapest_model() -> str:
    """Return the model that writes for the least money, of those that have a price and are offered."""
    offered = [name for name in pricing.models() if known_models.is_listed(name) is not False]
    return min(offered, key=lambda name: pricing.price_of(name).output, default=settings.CLAUDE_MODEL)


def _call(model: str, exchange: _Exchange) -> Call:
    unthinking = known_models.of(model).unthinking
    parts = [tokens.beginning(transcript.clean(text), _READ_TOKENS) for text in (exchange.prompt, exchange.reply)]
    told = "\n\n".join((prompts.ASKED, transcript.quoted(parts[0]), prompts.REPLIED, transcript.quoted(parts[1])))
    return Call(
        model=model,
        system=[transcript.text_block(prompts.WRITE_TITLE)],
        messages=[{"role": "user", "content": [transcript.text_block(told)]}],
        max_tokens=_TITLE_TOKENS if unthinking else _THINKING_TOKENS,
        tools=[],
        unthinking=unthinking,
    )
