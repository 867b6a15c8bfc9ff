"""What the model is given for one reply: the newest of the room that fits, with the prompt last. Runs on a database thread.

Only messages of the reply's own room are read, newest first, page by page, and never more than the budget needs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Any, Final, NamedTuple

from django.conf import settings

from chat.claude.abilities import Abilities, abilities_of
from chat.claude.prompt import prompts
from chat.claude.prompt.web import Web
from chat.claude.reading import files, tokens, transcript
from chat.claude.reading.rows import Row, Use, contents_of, newest_files, newest_first, uses_of
from chat.claude.reading.transcript import Line, Turn
from chat.claude.tools import registry
from chat.claude.tools.tool import shortened
from chat.markdown import without_blank_ends
from chat.models import Membership, Message, Reply, RoomSummary
from chat.models.room import CLAUDE_COLUMNS

# Shares of the budget. No single part may push everything else out.
_OWNERS_SHARE: Final = 1 / 4
_NOTES_SHARE: Final = 1 / 4
_LINE_SHARE: Final = 1 / 2
_TEXT_SO_FAR_SHARE: Final = 1 / 2
RESULTS_SHARE: Final = 1 / 4
FILES_SHARE: Final = 1 / 2
# Of a room's members so many are told by name, and so many are counted.
_PEOPLE_NAMED: Final = 20
_PEOPLE_COUNTED: Final = 1_000
# When the room has outgrown the budget, its beginning moves on in steps: if it moved with every message, no two calls
# would begin alike, and none would find what the one before has cached.
_KEPT_SHARE: Final = 3 / 4
_WORTH_KEEPING_SHARE: Final = 1 / 2
_PROMPT_TOKENS_AT_LEAST: Final = 500


class Context(NamedTuple):
    """A call's input. context_from: the seq of the first message in it, or None when the whole room fits."""

    system: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    context_from: int | None
    has_summary: bool
    estimated_tokens: int
    goes_on_after_tools: bool = False
    able: Abilities = Abilities()
    people: tuple[str, ...] = ()
    others: int = 0
    web: Web = Web()


class Window(NamedTuple):
    """Messages in their order; `is_all`: nothing older was left out."""

    lines: list[Line]
    is_all: bool


def build(reply: Reply) -> Context:
    """Return what to send for a reply: in its second attempt, also its text so far and the wish to go on with it."""
    last = _last_message(reply)
    room = last.room
    budget = settings.CLAUDE_CONTEXT_TOKENS
    able = abilities_of(reply.model)
    web = Web.of(room) if able.web else Web()
    system = prompts.system(room, int(budget * _OWNERS_SHARE), uses_web=any(web.uses))
    offered = registry.definitions(room.claude_tools)
    all_tools = [*offered, *web.definitions(web.uses, offered)]
    fixed = tokens.estimate_json(system) + (tokens.estimate_json(all_tools) + tokens.TOOLS_TOKENS if all_tools else 0)

    uses = _uses(reply, [each["name"] for each in offered], int(budget * RESULTS_SHARE))
    so_far = _so_far(reply, uses.get(reply.message_id, ()), int(budget * _TEXT_SO_FAR_SHARE))
    left = budget - fixed - sum(map(transcript.cost, so_far))
    summary = _summary_of(last)
    # Set aside whether it will be used or not: which messages fit must not depend on it.
    beginning = _beginning(summary, int(budget * _NOTES_SHARE))
    prompt_at_most = max(left - transcript.cost(beginning), _PROMPT_TOKENS_AT_LEAST)
    rows = (row._replace(uses=uses.get(row.id, ())) for row in _with_files(reply, last, int(budget * FILES_SHARE)))
    prompt, older = _split(reply, rows, prompt_at_most)
    left -= transcript.cost(beginning) + sum(map(transcript.cost, prompt))
    at_most = int(budget * _LINE_SHARE)
    window = newest_that_fit(older, left, at_most, reply.context_from)

    turns = [turn for line in window.lines for turn in transcript.told(line, at_most)]
    turns += [*prompt, *so_far]
    if not window.is_all:
        turns.insert(0, beginning)
    turns = transcript.merged(turns)
    names = Membership.objects.active().filter(room=room.pk).order_by("user__username")
    people = tuple(names.values_list("user__username", flat=True)[:_PEOPLE_COUNTED])
    spent = fixed + sum(map(transcript.size, turns))
    return Context(
        system=system,
        messages=transcript.as_messages(turns),
        tools=offered,
        context_from=None if window.is_all else window.lines[0].seq if window.lines else last.seq,
        has_summary=not window.is_all and summary is not None,
        estimated_tokens=spent,
        goes_on_after_tools=len(so_far) > 1 and bool(so_far[-2].blocks),
        able=able,
        web=web,
        people=people[:_PEOPLE_NAMED],
        others=max(0, len(people) - _PEOPLE_NAMED),
    )


def newest_that_fit(newest_first: Iterable[Line], budget: int, line_at_most: int, anchor: int | None = None) -> Window:
    """Take lines until one does not fit. Once that happens, begin where the last call began, or well within the budget.

    anchor: the seq at which the last call is known to have begun. Without it, the newest reply taken tells.
    """
    taken: list[tuple[Line, int]] = []
    spent = 0
    for line in newest_first:
        cost = sum(map(transcript.cost, transcript.told(line, line_at_most)))
        if spent + cost > budget:
            return Window(_stepped(taken, spent, budget, anchor), is_all=False)
        taken.append((line, cost))
        spent += cost
    return Window([line for line, _ in reversed(taken)], is_all=True)


def _stepped(taken: list[tuple[Line, int]], spent: int, budget: int, anchor: int | None) -> list[Line]:
    if anchor is None:
        anchor = next((line.context_from for line, _ in taken if line.context_from is not None), None)
    kept = [(line, cost) for line, cost in taken if anchor is not None and line.seq >= anchor]
    reaches_anchor = bool(taken) and anchor is not None and taken[-1][0].seq <= anchor
    if not reaches_anchor or sum(cost for _, cost in kept) < budget * _WORTH_KEEPING_SHARE:
        kept = list(taken)
        while len(kept) > 1 and spent > budget * _KEPT_SHARE:
            spent -= kept.pop()[1]
    # A reply whose prompt is gone says little, and the first turn must be a person's.
    while kept and kept[-1][0].is_claudes:
        kept.pop()
    return [line for line, _ in reversed(kept)]


def _with_files(reply: Reply, last: Message, at_most: int) -> Iterator[Row]:
    """Yield the room's rows, newest first, with the files that the model is shown."""
    shown = files.shown_among(newest_files(reply.room_id, last.seq), at_most)
    able = abilities_of(reply.model)
    for row in newest_first(reply.room_id, last.seq):
        yield row._replace(files=files.with_notes(row.files, shown, able)) if row.files else row


def _split(reply: Reply, rows: Iterable[Row], at_most: int) -> tuple[list[Turn], Iterable[Line]]:
    """Return the turns to reply to, which are the newest message with its files, and the lines before it."""
    lines = transcript.lines_of(rows)
    newest = next(lines, None)
    if newest is not None and newest.id == reply.prompt_id:
        newest = newest._replace(
            is_waiting=False, files=files.that_fit(newest.files, at_most - _PROMPT_TOKENS_AT_LEAST)
        )
        shown = transcript.files_shown(newest)
        left = at_most - sum(map(transcript.cost, shown))
        return [*shown, transcript.spoken(newest, max(left, _PROMPT_TOKENS_AT_LEAST))], lines
    # It was deleted after it got its reply: what it said is no one's business any more.
    return [Turn("user", prompts.PROMPT_IS_GONE)], lines if newest is None else chain((newest,), lines)


def _last_message(reply: Reply) -> Message:
    """Return the newest message that counts: the prompt, or the reply itself when the prompt's row is gone."""
    found = Message.objects.select_related("room__summary").filter(pk=reply.prompt_id or reply.message_id)
    return found.only("seq", "room__name", "room__topic", "room__kind", *_ROOM_FIELDS, *_SUMMARY_FIELDS).get()


_ROOM_FIELDS: Final = tuple(f"room__{column}" for column in CLAUDE_COLUMNS.values())
_SUMMARY_FIELDS: Final = ("room__summary__upto_seq", "room__summary__text")


def _summary_of(last: Message) -> RoomSummary | None:
    """Return the notes on older messages, unless they tell of what came after the prompt."""
    summary = getattr(last.room, "summary", None)
    usable = isinstance(summary, RoomSummary) and summary.text.strip() and summary.upto_seq < last.seq
    return summary if usable else None


def _beginning(summary: RoomSummary | None, at_most: int) -> Turn:
    if summary is None:
        return Turn("user", transcript.BEGINNING_IS_MISSING)
    return Turn("user", prompts.notes(summary.text, summary.upto_seq, at_most))


def _so_far(reply: Reply, uses: Sequence[Use], at_most: int) -> list[Turn]:
    text = transcript.clean(reply.text) if reply.attempt > 1 else ""
    if not text:
        return []
    kept = without_blank_ends(tokens.ending(text, at_most))
    is_whole = kept == text
    said = list(transcript.turns_with_tools(reply.text, uses)) if uses and is_whole else [Turn("assistant", kept)]
    said = [turn for turn in said if turn.text or turn.blocks]
    return [*said, Turn("user", prompts.go_on(reply.text, after_tools=bool(said[-1].blocks)))]


def _uses(reply: Reply, names: list[str], at_most: int) -> dict[int, tuple[Use, ...]]:
    """Return the uses of tools by the replies of the room, by message. Of the newest it is known what they have found.

    They, too, become fewer in steps: if each new one pushed out an old one, no two calls would begin alike.
    """
    uses = uses_of(reply, names)
    step = at_most // 2
    costs = [min(use.tokens, step) for use in uses]
    left_out = -(-max(sum(costs) - at_most, 0) // max(step, 1)) * step
    starts = accumulate(costs, initial=0)
    contents = contents_of([use.id for use, start in zip(uses, starts, strict=False) if start >= left_out])
    found: defaultdict[int, list[Use]] = defaultdict(list)
    for use in uses:
        content = contents.get(use.id)
        found[use.message].append(use._replace(content=content and shortened(content, step)))
    return {message: tuple(each) for message, each in found.items()}
