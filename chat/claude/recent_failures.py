"""Claude's failures as administrators see them: the newest with their reason, and whether it cannot reply at all."""

from typing import Final, NamedTuple

from chat.model_choice import DEMO_MODEL, is_demo
from chat.models import Charge, ChargePurpose, Reply, ReplyState

# The words of `chat.claude.backends.failures` for what no waiting mends, and what to do about each.
REMEDIES: Final = {
    "bad_key": "Anthropic does not accept the key. Set a valid ANTHROPIC_API_KEY and restart Parley.",
    "no_credit": "The Anthropic account has no credit left. Add credit in the Anthropic console.",
    "forbidden": "The key may not use this model. Check the key's permissions in the Anthropic console.",
    "wrong_address": "Nothing responds at that address. Check ANTHROPIC_BASE_URL.",
    "misconfigured": "The configuration cannot work. Check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL.",
}
_ATTEMPTS_LOOKED_AT: Final = 50
_SHOWN_AT_MOST: Final = 20
_REPLIED: Final = (ReplyState.COMPLETE, ReplyState.STOPPED)
_FAILED: Final = (ReplyState.FAILED, ReplyState.INTERRUPTED)


class Trouble(NamedTuple):
    """Why no one gets a reply. newest: the latest reply that failed so. times: how many in a row."""

    code: str
    remedy: str
    newest: Reply
    times: int


def trouble() -> Trouble | None:
    """Return what keeps Claude from replying, until a reply succeeds. The demo model needs no key."""
    if is_demo():
        return None
    # By attempts, not by replies: a retry writes into an old row.
    attempts = Charge.objects.filter(purpose=ChargePurpose.REPLY, reply__isnull=False).exclude(model=DEMO_MODEL)
    newest: Reply | None = None
    count = 0
    for charge in attempts.select_related("reply__room").order_by("-pk")[:_ATTEMPTS_LOOKED_AT]:
        reply = charge.reply
        if reply is None or charge.attempt != reply.attempt:
            continue
        if reply.state in _REPLIED and reply.output_tokens:
            break
        if reply.state in _FAILED and code_of(reply) in REMEDIES:
            newest = newest or reply
            count += code_of(reply) == code_of(newest)
    return None if newest is None else Trouble(code_of(newest), REMEDIES[code_of(newest)], newest, count)


def newest_failures() -> list[Reply]:
    failed = Reply.objects.filter(state__in=_FAILED).select_related("room", "requested_by")
    return list(failed.order_by("-pk")[:_SHOWN_AT_MOST])


def code_of(reply: Reply) -> str:
    """Return the one word that the details begin with."""
    return reply.error_detail.partition(":")[0]
