"""How long a server works on a request: `python -m bench.server_time ROUNDS CALLS LARGEST`, with DATABASE_URL.

LARGEST is the number of messages in the longest room. The database is migrated and empty at the beginning.

Each request goes the way it goes in a server process: to a database thread and back, the connection checked or taken
from the pool, the action with its access check and queries, its response encoded. The socket is left out on both sides.
Prints `[[what, size, [milliseconds of each round]], ...]` as JSON; a round's value is the median of its calls.
"""

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, Final, cast

import django

django.setup()

from bench import datasets  # noqa: E402 - models can be imported now, not before
from chat import access  # noqa: E402
from chat.access import Actor  # noqa: E402
from chat.messages import history, reading  # noqa: E402
from chat.pages import page_data  # noqa: E402
from chat.people import lookup  # noqa: E402
from chat.protocol import frames, requests  # noqa: E402
from chat.realtime.database import in_database  # noqa: E402
from chat.realtime.delivery.connection import Connection  # noqa: E402
from chat.realtime.hub import Hub  # noqa: E402
from chat.realtime.presence import Presence, topic_of_room  # noqa: E402
from chat.rooms import joining, member_list, rooms  # noqa: E402
from chat.search import search  # noqa: E402

Call = Callable[[], Awaitable[object]]

_PAGE: Final = 50
_HITS: Final = 20
_CHANGED: Final = 30


class Requests:
    """The requests that are measured, each as a function that handles it once."""

    def __init__(self, data: datasets.Dataset) -> None:
        self._data = data
        self._reader = Actor(data.reader, "reader")

    def all(self) -> list[tuple[str, int, Call]]:
        """Return what is asked, the size of what it is asked of, and how."""
        calls: list[tuple[str, int, Call]] = []
        for size, slug in self._data.rooms.items():
            calls += [(what, size, call) for what, call in self._in_room(slug, size).items()]
        for query, words in self._queries().items():
            size = max(self._data.rooms)
            calls.append((f"search all rooms, {query}", size, self._search(words)))
        for count, lister in self._data.listers.items():
            calls.append(("list of rooms", count, self._asking("rooms", rooms.list_rooms, Actor(lister, "lister"))))
        for count, slug in self._data.crowds.items():
            calls += [(what, count, call) for what, call in self._in_crowd(slug, count).items()]
        return calls

    def _in_room(self, slug: str, size: int) -> dict[str, Call]:
        def page(**bound: int) -> Call:
            return self._asking("messages", history.page, self._reader, requests.GetMessages(slug, _PAGE, **bound))

        cursor = requests.SyncCursor(size - _CHANGED, "epoch")
        return {
            "newest page": page(),
            "page in the middle": page(before=size // 2),
            "oldest page": page(after=0),
            "sync of 30 messages": self._asking("synced", history.sync, self._reader, requests.Sync({slug: cursor})),
            "joining": self._asking("joined", _opened, self._reader, requests.JoinRoom(slug)),
            "mark_read": self._asking("read", reading.mark_read, self._reader, requests.MarkRead(slug, size - 110)),
            **{f"search, {query}": self._search(words, room=slug) for query, words in self._queries().items()},
        }

    def _queries(self) -> dict[str, str]:
        return {
            "rare word": datasets.RARE_WORD,
            "medium word": self._data.medium_word,
            "very common word": "the",
            "common and medium word": f"the {self._data.medium_word}",
            "unfinished word of 1 letter": "t",
            "unfinished word of 5 letters": datasets.RARE_WORD[:5],
            "rare and unfinished word of 1 letter": f"{datasets.RARE_WORD} t",
            "unknown and unfinished word of 1 letter": "xylophagous t",
            "word of the past": datasets.FORMER_WORD,
            "word that is nowhere": "xylophagous",
        }

    def _search(self, words: str, **where: Any) -> Call:
        request = requests.SearchMessages(words, limit=_HITS, **where)
        return self._asking("found", search.search_messages, self._reader, request)

    def _in_crowd(self, slug: str, count: int) -> dict[str, Call]:
        """Everyone is online: the responses say who."""
        presence = Presence(cast(Hub, _SilentHub()))
        topic = topic_of_room(slug, is_session=False)
        for user_id in range(1, count + 1):
            actor = Actor(user_id, f"person-{user_id:05}")
            presence.enter(topic, cast(Connection, SimpleNamespace(id=f"c{user_id}", user_id=user_id, actor=actor)))

        async def join() -> object:
            opened = await in_database(joining.open_room, self._reader, requests.JoinRoom(slug))
            return frames.response("joined", opened.joined(presence.online(topic), presence.count(topic)), "1")

        async def list_presence() -> object:
            await in_database(lookup.room_of_presence, self._reader, requests.ListPresence(slug))
            return frames.response("presence", presence.fact(topic), "1")

        return {
            "joining a room with all online": join,
            "list_presence with all online": list_presence,
            "facts of a room's page, by its members": self._asking("facts", _facts_of_page, self._reader, slug),
            "page of people": self._asking("people", _people_of_page, self._reader, slug),
        }

    def _asking(self, type_: str, action: Callable[..., Any], *arguments: Any) -> Call:
        async def ask() -> object:
            return frames.response(type_, await in_database(action, *arguments), "1")

        return ask


class _SilentHub:
    """What presence needs of a hub: no one hears its events."""

    id = "bench"
    is_alone = True

    def handle(self, *_: object) -> None:
        pass

    deliver = handle


def _opened(actor: Actor, request: requests.JoinRoom) -> object:
    return joining.open_room(actor, request).joined([], 0)


def _facts_of_page(actor: Actor, slug: str) -> object:
    return page_data.room_facts(actor, access.room_for(actor, slug))


def _people_of_page(actor: Actor, slug: str) -> object:
    return member_list.page(actor, slug, number=2)


def _to_nobody(*_events: object) -> None:
    pass


async def _milliseconds(call: Call, calls: int) -> float:
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        await call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


async def measure(data: datasets.Dataset, rounds: int, calls: int) -> list[tuple[str, int, list[float]]]:
    reading.publish_after_commit = _to_nobody  # type: ignore[attr-defined]  # there is no hub to hear it
    found = []
    for what, size, call in Requests(data).all():
        await call()
        found.append((what, size, [await _milliseconds(call, calls) for _ in range(rounds)]))
        _say(f"{what}, {size:,}: {found[-1][2][0]:.1f} ms")
    return found


def main() -> None:
    rounds, calls = int(sys.argv[1]), int(sys.argv[2])
    largest = int(sys.argv[3])
    began = time.monotonic()
    data = datasets.build([size for size in datasets.ROOM_SIZES if size < largest] + [largest])
    _say(f"tables filled in {time.monotonic() - began:.0f} s")
    sys.stdout.write(json.dumps(asyncio.run(measure(data, rounds, calls))))


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
