"""Parley with one defence switched off, to see that the checker notices. The application knows nothing of this.

`mutant_server` imports Parley in a process of the tests, removes the defence there, and serves.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

# Long enough that another tab's reading, or a kill, falls into it.
UNCOMMITTED_SECONDS: Final = 0.3


def no_idempotency() -> None:
    """A write that is sent again is stored again."""
    from chat.messages import posting

    next_message = posting._next_message

    def without_client_id(room: Any, post: Any, html: Any, now: Any) -> Any:
        message = next_message(room, post, html, now)
        message.client_id = message.client_digest = None
        return message

    posting._next_message = without_client_id
    posting.Post.key = property(lambda post: None)  # type: ignore[assignment, method-assign]


def no_catch_up() -> None:
    """Who comes back with a cursor is told where the room is now, and not what happened in between."""
    from chat.realtime.delivery import recovery

    since = recovery.since

    def without_rows(room: Any, after: int | None, epoch: str | None, budget: int | None = None) -> Any:
        found = since(room, after, epoch, budget)
        return found if after is None else found._replace(messages=[], reset=False)

    recovery.since = without_rows


def cursor_by_id() -> None:
    """Recovery brings the messages created since the cursor, as a cursor over ids does: no edits, no deletions."""
    from chat.realtime.delivery import recovery

    changed = recovery._changed

    def created(room: Any, after: int, limit: int | None, budget: int) -> tuple[list[Any], bool]:
        rows, has_more = changed(room, after, limit, budget)
        return [row for row in rows if row.seq > after], has_more

    recovery._changed = created


def respond_before_commit() -> None:
    """The response goes out while the transaction is still open."""
    from django.db import transaction

    from chat.messages import posting, writer
    from chat.protocol.errors import ProtocolError
    from chat.realtime.database import in_writer

    async def store_round(self: Any) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        posts, futures = [post for post, _ in waiting], [future for _, future in waiting]
        loop = asyncio.get_running_loop()

        def respond(results: list[Any]) -> None:
            for future, result in zip(futures, results, strict=True):
                if future.done():
                    continue
                if isinstance(result, posting.Stored):
                    future.set_result(result)
                else:
                    future.set_exception(result)

        def store(some: Sequence[Any]) -> list[Any]:
            earlier = posting._stored_before(some)
            with transaction.atomic():
                results = posting._store(some, earlier)
                loop.call_soon_threadsafe(respond, results)
                time.sleep(UNCOMMITTED_SECONDS)
            return results

        try:
            results = await in_writer(store, posts)
        except ProtocolError as error:
            respond([error] * len(posts))
            return
        for result in results:
            if isinstance(result, posting.Stored) and result.is_first:
                self._publish(result)

    writer.Writer._store_round = store_round  # type: ignore[method-assign]


def no_revocation() -> None:
    """A connection is kept: neither the word that access was taken nor the look at the database ends it."""
    from accounts.credentials import Checked, Standing
    from chat.server import access_guard

    access_guard.check = lambda credentials: {each: Checked(Standing.VALID, each) for each in credentials}  # type: ignore[attr-defined]


def no_hold() -> None:
    """Access is looked at, and delivery goes on meanwhile."""
    from chat.realtime.delivery.connection import Connection

    def doubt_only(self: Any) -> None:
        self.doubts += 1

    Connection.hold = doubt_only  # type: ignore[method-assign]


MUTANTS: Final[dict[str, Callable[[], None]]] = {
    "no-idempotency": no_idempotency,
    "no-catch-up": no_catch_up,
    "cursor-by-id": cursor_by_id,
    "response-before-commit": respond_before_commit,
    "no-revocation": no_revocation,
    "no-hold": no_hold,
}
