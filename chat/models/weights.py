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
    weights = _weights(name, f"WHERE {where} {order} LIMIT %s", (*parameters, look))
    taken = _fitting([weight for _, weight in weights[: look - 1]], budget)
    if not taken:
        return [], bool(weights)
    # By its last place, not by a number of rows: a row that moves on meanwhile must not draw in one that was not weighed.
    last = f"{name} {'>=' if descends else '<='} %s"
    rows = objects_of(Message, f"WHERE {where} AND {last} {order}", *parameters, weights[taken - 1][0])
    return rows, taken < len(weights)


def _fitting(weights: list[int], budget: int) -> int:
    for count, weight in enumerate(weights):
        budget -= weight + LEAST_BYTES
        if budget < 0:
            return max(1, count)
    return len(weights)


def _weights(name: str, rest: str, parameters: tuple[int, ...]) -> list[tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}, {_weight(connection.vendor)} FROM chat_message {rest}", parameters)  # noqa: S608
        found: list[tuple[int, int]] = cursor.fetchall()
    return found


@cache
def _weight(vendor: str) -> str:
    """Return the SQL of a row's weight. PostgreSQL knows a text's length without reading it."""

    def size(column: str) -> str:
        return f"octet_length({column})" if vendor == "postgresql" else f"length(CAST({column} AS BLOB))"

    # A version's words in full are the message's content; what else of it is shown comes from its own row.
    tools = "tools::text" if vendor == "postgresql" else "tools"
    shown = f"SELECT {size('thinking')} + {size(tools)} FROM chat_reply WHERE id = shown_id"  # noqa: S608
    return f"{size('content')} + {size('html')} + CASE WHEN shown_id IS NULL THEN 0 ELSE COALESCE(({shown}), 0) END"
