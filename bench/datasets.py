"""Databases as they are after years of use: long rooms, a person in thousands of rooms, a room of thousands of people.

Rows go in by the database's bulk path (COPY on PostgreSQL, one transaction on SQLite), and then the migration that makes
the full-text index makes it again. The same seed gives the same rows. Needs Django set up on a migrated, empty database.
"""

import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any, Final, NamedTuple, cast

from django.db import connection, transaction

from accounts.names import search_form
from chat.models import Room
from chat.models.room import CLAUDE_COLUMNS
from chat.search.filling import catch_up_some

# The newest migration of the full-text index.
search: Final = import_module("chat.migrations.0016_search_by_folded_words")

SEED: Final = 4
ROOM_SIZES: Final = (1_000, 100_000, 1_000_000)
LISTED_ROOMS: Final = (20, 200, 2_000)
CROWDS: Final = (50, 500, 5_000)
AUTHORS: Final = 20
UNREAD_IN_LISTED: Final = (0, 3, 30, 150)

VOCABULARY_WORDS: Final = 20_000
SAYINGS: Final = 20_000
WORDS_OF_A_MESSAGE: Final = (3, 24)
# In the order of how often English says them: what stands here is in nearly every message.
COMMON_WORDS: Final = (
    "the of and to in a is that for it as was with be by on not he this are or his from at which but have an had they"
    " you were there one all we can her has their been if would who what will more when some about time people could"
)
RARE_WORD: Final = "zephyranthes"
RARE_IN_A_ROOM: Final = 5
# Every message of a room's first tenth holds it, none after that: the worst case for a search that begins at the newest.
FORMER_WORD: Final = "migration"

_SYLLABLES: Final = "ba ce di fo gu ha ki le mo nu pa re si to vu za che dra flo gri pli sta tro shu"
_BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
_USER_COLUMNS: Final = (
    "id password is_superuser username email is_staff is_active date_joined display_name search_name ban_reason"
    " time_zone"
)
_ROOM_COLUMNS: Final = (
    "id slug name topic kind change epoch created_by_id created_at last_message_at search_name "
    + " ".join(CLAUDE_COLUMNS.values())
)
_MESSAGE_COLUMNS: Final = (
    "id room_id seq change kind author_id content html client_id client_digest reply_to_id shown_id version_count"
    " created_at edited_at deleted_at deleted_by_id"
)
# For the filling connection: indexes that fit into memory, and no look-up of what each row refers to.
_HASTE: Final = {
    "sqlite": ("PRAGMA cache_size=-500000", "PRAGMA synchronous=OFF"),
    "postgresql": ("SET maintenance_work_mem='512MB'", "SET session_replication_role=replica"),
}
_REPLY_EVERY: Final = 20
_REACTION_EVERY: Final = 50
_DELETED_EVERY: Final = 97


class Dataset(NamedTuple):
    """What was built. Rooms are known by their slug; `reader` is a member of every room, `listers` of so many rooms."""

    reader: int
    rooms: dict[int, str]  # by how many messages are in it
    listers: dict[int, int]  # user id, by how many rooms they are in
    crowds: dict[int, str]  # slug, by how many people are in it
    medium_word: str


class Speaker:
    """Says messages of words whose frequency falls with their rank, as in real text (Zipf)."""

    def __init__(self, seed: int = SEED) -> None:
        self._random = random.Random(seed)
        self.vocabulary = _vocabulary(self._random)
        weights = list(itertools.accumulate(1 / (rank + 2.7) for rank in range(len(self.vocabulary))))
        # Said again and again in another order: making a million different ones would take longer than storing them.
        self._sayings = [
            " ".join(
                self._random.choices(self.vocabulary, cum_weights=weights, k=self._random.randint(*WORDS_OF_A_MESSAGE))
            )
            for _ in range(SAYINGS)
        ]

    def texts(self, count: int) -> Iterator[str]:
        """Yield the messages of a room, oldest first, with the planted words in their places."""
        rare = {count * turn // RARE_IN_A_ROOM for turn in range(RARE_IN_A_ROOM)}
        for number in range(count):
            text = self._random.choice(self._sayings)
            if number in rare:
                text += f" {RARE_WORD}"
            yield f"{text} {FORMER_WORD}" if number < count // 10 else text


def _vocabulary(chance: random.Random) -> list[str]:
    syllables = _SYLLABLES.split()
    words = dict.fromkeys(COMMON_WORDS.split())
    while len(words) < VOCABULARY_WORDS:
        words["".join(chance.choices(syllables, k=chance.randint(2, 4)))] = None
    return list(words)


def build(
    room_sizes: Sequence[int] = ROOM_SIZES,
    listed_rooms: Sequence[int] = LISTED_ROOMS,
    crowds: Sequence[int] = CROWDS,
) -> Dataset:
    """Fill the database. The small rooms come first, so they lie oldest in tables and indexes."""
    builder = _Builder(max(crowds), len(listed_rooms))
    with connection.schema_editor() as editor:
        search.remove(editor)
    with connection.cursor() as cursor:
        for statement in _HASTE[connection.vendor]:
            cursor.execute(statement)
    with transaction.atomic():
        builder.people()
        rooms = {size: builder.long_room(size) for size in sorted(room_sizes)}
        lists = dict(zip(sorted(listed_rooms), builder.listers, strict=True))
        for count, lister in lists.items():
            builder.listed_rooms(lister, count)
        crowded = {count: builder.crowd(count) for count in sorted(crowds)}
    with connection.schema_editor() as editor:
        search.make(editor)
    while catch_up_some():
        pass
    builder.finish()
    connection.close()  # with its settings
    return Dataset(builder.reader, rooms, lists, crowded, builder.speaker.vocabulary[400])


class _Builder:
    def __init__(self, people: int, listers: int) -> None:
        self.speaker = Speaker()
        self._room_ids = itertools.count(1)
        self._message_ids = itertools.count(1)
        self._authors = list(range(1, AUTHORS + 1))
        self._people = list(range(1, max(people, AUTHORS) + 1))
        self.reader = len(self._people) + 1
        self.listers = [self.reader + turn for turn in range(1, listers + 1)]

    def people(self) -> None:
        names = {user_id: f"person-{user_id:05}" for user_id in (*self._people, self.reader, *self.listers)}
        rows = (
            (user_id, "!", False, name, "", False, True, _moment(0), name.title(), search_form(name, name), "", "")
            for user_id, name in names.items()
        )
        _insert("accounts_user", _USER_COLUMNS, rows)

    def long_room(self, size: int) -> str:
        """A room whose reader has not read its newest 120 messages."""
        slug = f"long-{size}"
        room_id = self._room(slug, size)
        self._members(room_id, {**dict.fromkeys(self._authors, size), self.reader: max(size - 120, 0)})
        self._messages(room_id, size)
        return slug

    def listed_rooms(self, lister: int, count: int) -> None:
        """Rooms of one person, of which some hold nothing unread, some more than is counted; every tenth mentions them."""
        for turn in range(count):
            unread = UNREAD_IN_LISTED[turn % len(UNREAD_IN_LISTED)]
            size = unread + 10
            room_id = self._room(f"listed-{count}-{turn:04}", size)
            self._members(room_id, {self._authors[0]: size, lister: 10})
            ids = self._messages(room_id, size, author=self._authors[0])
            if turn % 10 == 1:
                _insert("chat_mention", "message_id user_id room_id seq", [(ids[-1], lister, room_id, size)])

    def crowd(self, count: int) -> str:
        slug = f"crowd-{count}"
        room_id = self._room(slug, 60)
        self._members(room_id, {**dict.fromkeys(self._people[:count], 60), self.reader: 60})
        self._messages(room_id, 60)
        return slug

    def finish(self) -> None:
        """Leave the database as its own housekeeping would: PostgreSQL's statistics fresh, its sequences right."""
        if connection.vendor != "postgresql":
            return
        with connection.cursor() as cursor:
            for table in ("accounts_user", "chat_room", "chat_message"):
                cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            cursor.execute("VACUUM ANALYZE")

    def _room(self, slug: str, size: int) -> int:
        room_id = next(self._room_ids)
        newest = _moment(size)
        row = (
            room_id,
            slug,
            slug,
            "",
            "closed",
            size,
            "epoch",
            1,
            _moment(0),
            newest,
            search_form(slug),
            *(json.dumps(value) if isinstance(value, list) else value for value in Room.claude_defaults().values()),
        )
        _insert("chat_room", _ROOM_COLUMNS, [row])
        return room_id

    def _members(self, room_id: int, read: dict[int, int]) -> None:
        rows = ((room_id, user_id, "member", False, seq, _moment(0)) for user_id, seq in read.items())
        _insert("chat_membership", "room_id user_id role muted last_read_seq joined_at", rows)

    def _messages(self, room_id: int, size: int, author: int | None = None) -> range:
        first = next(self._message_ids)
        self._message_ids = itertools.count(first + size)
        rows = self._rows(room_id, first, size, self._authors if author is None else [author])
        _insert("chat_message", _MESSAGE_COLUMNS, rows)
        reacted = range(first, first + size, _REACTION_EVERY)
        reactions = ((message_id, self._authors[message_id % AUTHORS], "👍", _moment(0)) for message_id in reacted)
        _insert("chat_reaction", "message_id user_id emoji created_at", reactions)
        return range(first, first + size)

    def _rows(self, room_id: int, first: int, size: int, authors: list[int]) -> Iterator[tuple[Any, ...]]:
        for seq, text in enumerate(self.speaker.texts(size), 1):
            moment = _moment(seq)
            deleted = seq % _DELETED_EVERY == 0
            content, html = ("", "") if deleted else (text, f"<p>{text}</p>")
            message_id = first + seq - 1
            reply_to = message_id - 3 if seq % _REPLY_EVERY == 0 else None
            author = authors[seq * 7 % len(authors)]
            client_id = f"c{message_id}"
            yield (
                message_id, room_id, seq, seq, "text", author, content, html, client_id, None, reply_to, None, 0,
                moment, None, moment if deleted else None, None,
            )  # fmt: skip


def _moment(seq: int) -> datetime:
    """Return when a message was written, as the database's driver takes it: SQLite knows no time zones."""
    moment = _BEGINNING + timedelta(seconds=20 * seq)
    return moment if connection.features.supports_timezones else moment.replace(tzinfo=None)


def _insert(table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    named = columns.replace(" ", ", ")
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.cursor.copy(f"COPY {table} ({named}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            return
        statement = f"INSERT INTO {table} ({named}) VALUES ({', '.join(['%s'] * len(columns.split()))})"
        cursor.executemany(statement, cast(Sequence[Any], rows))  # the driver takes them one by one as they are made
