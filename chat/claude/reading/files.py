"""Files of messages as a model gets them: which of them it is shown, and what each costs. Pure: no file is read here.

A shown file stands in a call as a block that names it. `chat.claude.run.carrying` puts its bytes there when the call is
made, so that nothing holds them while replies wait or stream.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final, NamedTuple

from chat.claude.abilities import Abilities
from chat.files import model_sizes

# Of the 100 that the API takes. Without this, a thousand icons would fit into a budget.
MOST_SHOWN: Final = 80
NO_ROOM: Final = "not shown here: there is no room for it"
NO_PICTURES: Final = "not shown here: this model can't see pictures"
_NAMED: Final = "parley"


class File(NamedTuple):
    """A file of a message. is_shown: a block of the call holds it. note: why not, where that is worth a word."""

    id: int
    name: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None
    is_shown: bool = False
    note: str = ""

    @property
    def tokens(self) -> int | None:
        """Return what it costs to show it; None for what can't be shown."""
        if self.width is None or self.height is None:
            return None
        return model_sizes.tokens(self.width, self.height)


COLUMNS: Final = ("pk", "name", "content_type", "size", "width", "height")
"""Of an attachment: the first fields of a File."""


def shown_among(files: Iterable[tuple[int, File]], at_most: int) -> set[int]:
    """Return the ids of the files to show, of a room's files with their messages' ids, oldest first.

    A message that makes them too many takes the place of the oldest until they fill half of the room: if each new one
    pushed out an old one, no two calls would begin alike. The newest message comes first, whatever the others are.
    """
    most = Load(at_most, MOST_SHOWN)
    shown: list[list[tuple[int, int]]] = []
    for _message, together in groupby(files, key=lambda each: each[0]):
        own = list(_that_fit([file for _, file in together], most))
        if not own:
            continue
        shown.append(own)
        if not _load(shown).fits(most):
            while len(shown) > 1 and not _load(shown).fits(most.half()):
                del shown[0]
    return {id_ for message in shown for id_, _ in message}


class Load(NamedTuple):
    tokens: int
    files: int

    def fits(self, most: "Load") -> bool:
        return self.tokens <= most.tokens and self.files <= most.files

    def half(self) -> "Load":
        return Load(self.tokens // 2, self.files // 2)


def _load(shown: Iterable[Iterable[tuple[int, int]]]) -> Load:
    costs = [cost for message in shown for _, cost in message]
    return Load(sum(costs), len(costs))


def _that_fit(files: Iterable[File], most: Load) -> Iterator[tuple[int, int]]:
    """Yield the files of one message, with what they cost, as long as there is room for them."""
    left = most
    for file in files:
        cost = file.tokens
        if cost is not None and Load(cost, 1).fits(left):
            left = Load(left.tokens - cost, left.files - 1)
            yield file.id, cost


def with_notes(files: Iterable[File], shown: set[int], able: Abilities) -> tuple[File, ...]:
    """Return files with what becomes of each."""
    return tuple(_judged(file, shown, able) for file in files)


def _judged(file: File, shown: set[int], able: Abilities) -> File:
    if file.tokens is None:
        return file
    if not able.pictures:
        return file._replace(note=NO_PICTURES)
    return file._replace(is_shown=True) if file.id in shown else file._replace(note=NO_ROOM)


def that_fit(files: Iterable[File], at_most: int) -> tuple[File, ...]:
    """Return files of which no more are shown than there is room for."""
    kept = []
    for file in files:
        cost = (file.tokens or 0) if file.is_shown else 0
        is_too_many = cost > at_most
        kept.append(file._replace(is_shown=False, note=NO_ROOM) if is_too_many else file)
        at_most -= 0 if is_too_many else cost
    return tuple(kept)


def block_of(file: File) -> dict[str, Any]:
    """Return the block in which a file is shown, without its bytes."""
    return {"type": "image", "source": {"type": _NAMED, "attachment": file.id, "tokens": file.tokens or 0}}


def named_in(block: Mapping[str, Any]) -> int | None:
    """Return the file that a block stands for, if it does for one."""
    source = block.get("source") or {}
    return source["attachment"] if source.get("type") == _NAMED else None


def carried_tokens(blocks: Iterable[Mapping[str, Any]]) -> int:
    """Return what the files cost that these blocks stand for, those in results of tools too."""
    total = 0
    for block in blocks:
        if named_in(block) is not None:
            total += block["source"]["tokens"]
        elif block["type"] == "tool_result" and not isinstance(block["content"], str):
            total += carried_tokens(block["content"])
    return total
