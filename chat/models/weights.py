"""How many bytes messages weigh: read before the messages are, so that no page is in memory before it is bounded."""

from functools import cache
from typing import Final

from django.db import connection

from chat.models.message import Message
from chat.models.plain_sql import objects_of

# What a row takes on the wire beside its texts, at least: ids, times, an author. It bounds the rows that are looked at.
LEAST_BYTES: Final = 150


def lightest(column: str, where: str, *parameters: int, at_most: int | None, budget: int) -> tuple[list[Message], bool]:
    """Return the first rows in the order of a column that together weigh no more than a budget, always at least one, and
    whether the rows go on behind them.

    column: an integer of a message's, `seq` or `change`, unique in the room; `-seq` for descending order. where: a text
    of ours that selects a room's rows. at_most: so many rows. budget: bytes of all texts of a row, as stored.
    """
    name, descends = column.removeprefix("-"), column.startswith("-")
    order = f"ORDER BY {name}{' DESC' if descends else ''}"
    look = budget // LEAST_BYTES + 2 if at_most is None else min(at_most, budget // LEAST_BYTES + 1) + 1
    taken, last, has_more = _fitting(name, f"WHERE {where} {order} LIMIT %s", (*parameters, look), look - 1, budget)
    if not taken:
        return [], has_more
    # By its last place, not by a number of rows: a row that moves on meanwhile must not draw in one that was not weighed.
    upto = f"{name} {'>=' if descends else '<='} %s"
    return objects_of(Message, f"WHERE {where} AND {upto} {order}", *parameters, last), has_more


def _fitting(name: str, rest: str, parameters: tuple[int, ...], at_most: int, budget: int) -> tuple[int, int, bool]:
    """Return how many rows fit, the place of the last of them, and whether there are more.

    SQLite reads a text to know its length, and each row only when it is fetched: so it stops where the budget ends.
    """
    taken = last = 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}, {_weight(connection.vendor)} FROM chat_message {rest}", parameters)  # noqa: S608
        for place, weight in cursor:
            budget -= weight + LEAST_BYTES
            if taken == at_most or (taken and budget < 0):
                return taken, last, True
            taken, last = taken + 1, place
    return taken, last, False


@cache
def _weight(vendor: str) -> str:
    """Return the SQL of a row's weight. PostgreSQL knows a text's length without reading it."""

    def size(column: str) -> str:
        return f"octet_length({column})" if vendor == "postgresql" else f"length(CAST({column} AS BLOB))"

    # A version's words in full are the message's content; what else of it is shown comes from its own row.
    tools = "tools::text" if vendor == "postgresql" else "tools"
    shown = f"SELECT {size('thinking')} + {size(tools)} FROM chat_reply WHERE id = shown_id"  # noqa: S608
    return f"{size('content')} + {size('html')} + CASE WHEN shown_id IS NULL THEN 0 ELSE COALESCE(({shown}), 0) END"
