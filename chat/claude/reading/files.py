"""Files of messages as a model gets them: which of them it is shown, and what each costs. Pure: no file is read here.

A shown file stands in a call as a block that names it. `chat.claude.run.carrying` puts its bytes there when the call is
made, so that nothing holds them while replies wait or stream.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import groupby
from typing import Any, Final, NamedTuple

from chat.claude.abilities import Abilities
from chat.claude.reading import tokens
from chat.files import legible, model_sizes
from chat.files.legible import MOST_PAGES, Why

# Of the 100 that the API takes. Without this, a thousand icons would fit into a budget.
MOST_SHOWN: Final = 80
NO_ROOM: Final = "not shown here: it doesn't fit"
NO_PICTURES: Final = "not shown here: this model can't see pictures"
NO_PDFS: Final = "not shown here: this model can't read PDF"
_NOT_SHOWN: Final = "not shown here: {}"
# Each page is looked at as a picture, and read as text: as dense a text as this, where no one has looked at it.
PAGE_PICTURE_TOKENS: Final = 1_600
PAGE_TEXT_TOKENS: Final = 1_400
_NAMED: Final = "parley"


class File(NamedTuple):
    """A file of a message. is_shown: a block of the call holds it. note: why not, where that is worth a word.

    pages, text_tokens, densest_page: None until someone has looked at it. unreadable: a `Why`, where one was found out.
    """

    id: int
    name: str
    content_type: str
    size: int
    width: int | None = None
    height: int | None = None
    pages: int | None = None
    text_tokens: int | None = None
    unreadable: str = ""
    densest_page: int | None = None
    is_shown: bool = False
    note: str = ""

    @property
    def is_picture(self) -> bool:
        return self.width is not None

    @property
    def is_pdf(self) -> bool:
        return legible.is_pdf(self.content_type)

    @property
    def why_not(self) -> Why | None:
        """Return why it can't be shown, as far as someone has looked at it."""
        return legible.why_not(self.content_type, self.size, self.pages, self.unreadable, is_picture=self.is_picture)

    @property
    def tokens(self) -> int | None:
        """Return what it costs to show it; None for what can't be shown, or was not looked at."""
        if self.why_not is not None:
            return None
        if self.width is not None and self.height is not None:
            return model_sizes.tokens(self.width, self.height)
        if self.is_pdf:
            return None if self.pages is None else self.pages * PAGE_PICTURE_TOKENS + self._text_of_pages
        return self.text_tokens

    @property
    def likely_tokens(self) -> int | None:
        """Return what it is likely to cost, where `tokens` is on the high side."""
        most = self.tokens
        if most is None or self.is_picture:
            return most
        text = self._text_of_pages if self.is_pdf else most
        return most - text + tokens.likely_of(text)

    @property
    def _text_of_pages(self) -> int:
        return (self.pages or 0) * PAGE_TEXT_TOKENS if self.text_tokens is None else self.text_tokens

    def tokens_of_pages(self, count: int) -> int:
        """Return the most that so many pages of it cost, whichever they are."""
        return count * (PAGE_PICTURE_TOKENS + max(self.densest_page or 0, PAGE_TEXT_TOKENS))


COLUMNS: Final = (
    "pk",
    "name",
    "content_type",
    "size",
    "width",
    "height",
    "pages",
    "text_tokens",
    "unreadable",
    "densest_page",
)
"""Of an attachment: the first fields of a File."""


def shown_among(files: Iterable[tuple[int, File]], at_most: int) -> set[int]:
    """Return the ids of the files to show, of a room's files with their messages' ids, oldest first.

    A message that makes them too many takes the place of the oldest until they fill half of the room: if each new one
    pushed out an old one, no two calls would begin alike. The newest message comes first, whatever the others are.
    """
    most = Load(at_most, MOST_SHOWN, MOST_PAGES)
    shown: list[dict[int, Load]] = []
    for _message, together in groupby(files, key=lambda each: each[0]):
        own = dict(_that_fit([file for _, file in together], most))
        if not own:
            continue
        shown.append(own)
        if not _load(shown).fits(most):
            while len(shown) > 1 and not _load(shown).fits(most.half()):
                del shown[0]
    return {id_ for message in shown for id_ in message}


class Load(NamedTuple):
    """How much files are. pages: of PDFs."""

    tokens: int = 0
    files: int = 0
    pages: int = 0

    def fits(self, most: "Load") -> bool:
        return all(own <= limit for own, limit in zip(self, most, strict=True))

    def plus(self, other: "Load") -> "Load":
        return Load(*map(sum, zip(self, other, strict=True)))

    def half(self) -> "Load":
        return Load(*(each // 2 for each in self))


def _load(shown: Iterable[Mapping[int, Load]]) -> Load:
    return reduce(Load.plus, (each for message in shown for each in message.values()), Load())


def _that_fit(files: Iterable[File], most: Load) -> Iterator[tuple[int, Load]]:
    """Yield the files of one message, with what they are, as long as there is room for them."""
    so_far = Load()
    for file in files:
        cost = file.tokens
        if cost is None:
            continue
        own = Load(cost, 1, file.pages or 0)
        if so_far.plus(own).fits(most):
            so_far = so_far.plus(own)
            yield file.id, own


def with_notes(files: Iterable[File], shown: set[int], able: Abilities) -> tuple[File, ...]:
    """Return files with what becomes of each."""
    return tuple(_judged(file, shown, able) for file in files)


def _judged(file: File, shown: set[int], able: Abilities) -> File:
    note = _note(file, able)
    if note or file.why_not is not None:
        return file._replace(note=note)
    return file._replace(is_shown=True) if file.id in shown else file._replace(note=NO_ROOM)


def left_out_kind(file: File, able: Abilities) -> str:
    """Return why a model can't take in files of this kind, or nothing when it can."""
    if file.is_picture and not able.pictures:
        return NO_PICTURES
    return NO_PDFS if file.is_pdf and not able.pdfs else ""


def _note(file: File, able: Abilities) -> str:
    kind = left_out_kind(file, able)
    if kind:
        return kind
    reason = legible.prompted(file.why_not) if file.why_not is not None else ""
    return _NOT_SHOWN.format(reason) if reason else ""


def that_fit(files: Iterable[File], at_most: int) -> tuple[File, ...]:
    """Return files of which no more are shown than there is room for."""
    kept = []
    for file in files:
        cost = (file.tokens or 0) if file.is_shown else 0
        is_too_many = cost > at_most
        kept.append(file._replace(is_shown=False, note=NO_ROOM) if is_too_many else file)
        at_most -= 0 if is_too_many else cost
    return tuple(kept)


def left_out(blocks: Iterable[Mapping[str, Any]], able: Abilities) -> str:
    """Return why a model can't be shown these files, or nothing when it can."""
    kinds = {block["type"] for block in blocks}
    if "image" in kinds and not able.pictures:
        return NO_PICTURES
    return NO_PDFS if "document" in kinds and not able.pdfs else ""


class Named(NamedTuple):
    """What a block stands for: a file, or of a PDF some of its pages, counted from 1."""

    attachment: int
    first: int = 0
    last: int = 0


def block_of(file: File, pages: tuple[int, int] | None = None) -> dict[str, Any]:
    """Return the block in which a file is shown, or some of a PDF's pages, without its bytes."""
    first, last = pages or (0, 0)
    size = file.tokens_of_pages(last - first + 1) if pages else file.tokens or 0
    source = {"type": _NAMED, "attachment": file.id, "first": first, "last": last, "tokens": size}
    if file.is_picture:
        return {"type": "image", "source": source}
    # The place for `"citations": {"enabled": True}`, which all documents of a call must have, or none.
    return {
        "type": "document",
        "source": source,
        "title": file.name if not pages else f"{file.name}, pages {first}-{last}",
    }


def named_in(block: Mapping[str, Any]) -> Named | None:
    """Return what a block stands for, if it stands for a file."""
    source = block.get("source") or {}
    return Named(source["attachment"], source["first"], source["last"]) if source.get("type") == _NAMED else None


def carried_tokens(blocks: Iterable[Mapping[str, Any]]) -> int:
    """Return what the files cost that these blocks stand for, those in results of tools too."""
    total = 0
    for block in blocks:
        if named_in(block) is not None:
            total += block["source"]["tokens"]
        elif block["type"] == "tool_result" and not isinstance(block["content"], str):
            total += carried_tokens(block["content"])
    return total
