"""What the demo model says: Markdown put together from ready parts by what the prompt looks like. Pure, the same each time.

It never passes for Claude: every reply begins by saying that it is a demo.
"""

import hashlib
import random
import re
from collections.abc import Callable
from typing import Final

NOTICE: Final = "*Demo: no model has read this. These words stand in for Claude's, to show how a reply arrives.*"
_EXCERPT_CHARS: Final = 80
_TOPIC_CHARS: Final = 30
_TOPICS: Final = 3
_WORD: Final = re.compile(r"[^\W\d_][\w'-]{2,}")
_MARKUP: Final = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~@&:/])")
_STOP_WORDS: Final = frozenset({"answer"}).union(
    re.findall(
        r"\w+",
        """
        about after again all also and any are been before but can claude compare compares comparing
        comparison could detail details did does each explain few for from get give had has have hello hey how http
        https idea ideas into its just know let like list long make many may mean means mode more most much must
        need not now off one only other our out over please question say see should show some such table tell than
        that the their them then there these they thing think this those through too use versus very want was way
        were what when where which while who why will with without would write you your
        """,
    )
)

Section = Callable[[list[str], random.Random], str]


def reply_to(prompt: str) -> str:
    """Return the whole reply to a prompt."""
    rng = random.Random(hashlib.sha256(prompt.encode(errors="replace")).digest())  # noqa: S311 - a choice of words
    topics = topics_of(prompt)
    if not topics:
        return f"{NOTICE}\n\n{rng.choice(_SMALL_TALK).format(excerpt=excerpt(prompt))}"
    parts = [NOTICE, rng.choice(_OPENINGS).format(excerpt=excerpt(prompt), topic=topics[0])]
    parts += [section(topics, rng) for section in _sections_for(prompt, rng)]
    parts.append(rng.choice(_CLOSINGS).format(topic=topics[0]))
    return "\n\n".join(parts)


def thoughts(prompt: str) -> str:
    """Return what stands in for a summary of thinking, for prompts that ask why or to think; else nothing."""
    topics = topics_of(prompt)
    if not topics or not re.search(r"\b(why|think|reason)", prompt, re.IGNORECASE):
        return ""
    return f"A demo has no thoughts. Claude's would stand here in short: what is asked about {topics[0]}, and what it knows."


def after_tool(name: str, result: str) -> str:
    """Return the reply to what a tool has found."""
    lines = result.strip().splitlines()[:12] or ["(nothing)"]
    found = "\n".join(f"    {line[:100]}" for line in lines)
    return f"{NOTICE}\n\nThe tool `{name}` has really looked, and this is how its result begins:\n\n{found}"


def topics_of(prompt: str) -> list[str]:
    """Return the words that the prompt seems to be about, the longest first."""
    words = dict.fromkeys(word.lower()[:_TOPIC_CHARS] for word in _WORD.findall(prompt))
    known = [word for word in words if word not in _STOP_WORDS]
    return sorted(known, key=lambda word: (-len(word), word))[:_TOPICS]


def excerpt(prompt: str) -> str:
    """Return the prompt's beginning on one line, as plain text: no Markdown of a person's comes to life in a reply."""
    line = " ".join(prompt.split())
    short = line if len(line) <= _EXCERPT_CHARS else line[: _EXCERPT_CHARS - 1].rstrip() + "…"
    return _MARKUP.sub(r"\\\1", short)


def _sections_for(prompt: str, rng: random.Random) -> list[Section]:
    """Return what the prompt asks for, and something else beside it."""
    wanted = [section for pattern, section in _WANTED if re.search(pattern, prompt, re.IGNORECASE)]
    others = [section for section in (_points, _steps, _table, _code, _quote) if section not in wanted]
    count = 4 if re.search(r"\b(long|detail|everything)", prompt, re.IGNORECASE) else 2
    return [*wanted, *rng.sample(others, len(others))][: max(count, len(wanted[:3]))]


# --- Parts ----------------------------------------------------------------------------------------------------


def _points(topics: list[str], rng: random.Random) -> str:
    heading = rng.choice(("What to look at", "In short", "Some points"))
    points = rng.sample(_POINTS, 3)
    lines = [f"- {point.format(topic=topics[index % len(topics)])}" for index, point in enumerate(points)]
    return f"## {heading}\n\n" + "\n".join(lines)


def _steps(topics: list[str], rng: random.Random) -> str:
    heading = rng.choice(("Step by step", "One way to do it", "A plan"))
    steps = rng.sample(_STEPS, 3)
    lines = [f"{number}. {step.format(topic=topics[0])}" for number, step in enumerate(steps, 1)]
    return f"## {heading}\n\n" + "\n".join(lines)


def _table(topics: list[str], rng: random.Random) -> str:
    first, second = (topics[0], topics[1]) if len(topics) > 1 else (topics[0], "the alternative")
    rows = [f"| {aspect} | {rng.choice(_VERDICTS)} | {rng.choice(_VERDICTS)} |" for aspect in rng.sample(_ASPECTS, 3)]
    head = f"| | {first} | {second} |\n| --- | --- | --- |"
    return "## Side by side\n\n" + "\n".join([head, *rows])


def _code(topics: list[str], rng: random.Random) -> str:
    name = re.sub(r"\W", "_", topics[0], flags=re.ASCII).strip("_").lower() or "topic"
    body = rng.choice(_CODE).format(name=name)
    return f"## In code\n\n```python\n{body}\n```"


def _quote(topics: list[str], rng: random.Random) -> str:
    return f"> {rng.choice(_QUOTES).format(topic=topics[0])}"


_WANTED: Final[tuple[tuple[str, Section], ...]] = (
    (r"\b(code|function|script|python|javascript|program|regex|sql|class)\b|```", _code),
    (r"\b(compare|versus|vs|difference|table|better)\b", _table),
    (r"\b(how|steps?|plan|guide|explain)\b", _steps),
    (r"\b(ideas?|list|points?|pros|cons|tips)\b", _points),
)
_OPENINGS: Final = (
    "You wrote: “{excerpt}” A reply about **{topic}** could look like this.",
    "About **{topic}**, then. You wrote: “{excerpt}”",
    "“{excerpt}” It seems that **{topic}** is what matters here.",
)
_SMALL_TALK: Final = (
    "You wrote: “{excerpt}” Claude would greet you here. Ask about something, and you get a longer demo.",
    "“{excerpt}” There is little in it that a demo could hold on to. Try a question with a few more words in it.",
)
_CLOSINGS: Final = (
    "That is all a demo can say about {topic}. With a key, Claude replies here.",
    "Once this server has a key, Claude itself will say something true about {topic}.",
    "Ask again in other words, and other parts come together. None of them knows {topic}.",
)
_POINTS: Final = (
    "**Scope:** what belongs to {topic}, and what does not.",
    "**Time:** how long {topic} may take, and who waits for it.",
    "**People:** who in this room knows {topic} best.",
    "**Risk:** what happens when {topic} goes wrong on a Friday.",
    "**Cost:** what {topic} needs, and what it saves.",
    "**Habit:** how {topic} was handled so far, and why.",
)
_STEPS: Final = (
    "Write down what you expect of *{topic}*, in one sentence.",
    "Find the smallest example of {topic} that still shows the point.",
    "Try it, and note what surprised you.",
    "Show {topic} to someone who sees it for the first time.",
    "Change one thing at a time, and compare.",
    "Stop when it is good enough, and say so in this room.",
)
_ASPECTS: Final = ("Effort", "Speed", "Clarity", "Price", "Upkeep", "Surprises")
_VERDICTS: Final = ("low", "high", "fair", "it depends", "better than it looks", "unknown")
_QUOTES: Final = (
    "Asking about {topic} is already a beginning.",
    "The best time to look at {topic} was yesterday. The second best is after lunch.",
    "No one regrets a small test of {topic}.",
)
_CODE: Final = (
    """\
def {name}(items: list[str]) -> dict[str, int]:
    counts: dict[str, int] = {{}}
    for item in items:
        counts[item] = counts.get(item, 0) + 1
    return counts""",
    """\
from dataclasses import dataclass


@dataclass
class Step:
    name: str
    done: bool = False


{name} = [Step("try"), Step("measure"), Step("decide")]
print(sum(step.done for step in {name}), "done")""",
    """\
import asyncio


async def {name}(delay: float) -> str:
    await asyncio.sleep(delay)
    return "ready"


print(asyncio.run({name}(0.1)))""",
)
