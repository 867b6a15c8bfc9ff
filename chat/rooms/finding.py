"""Conditions by which rooms and people are looked for by name, and the moments by which rooms are ordered."""

from typing import Final

from django.db import connection

from accounts.search_name import words_of

# Milliseconds since the epoch as whole numbers: a cursor must compare equal on its return, on both databases.
_MILLIS: Final = {
    "sqlite": "CAST(round((julianday({}) - 2440587.5) * 86400000) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM {}) * 1000) AS bigint)",
}
_LATER: Final = {"sqlite": "max", "postgresql": "greatest"}
LAST_NEWS: Final = "coalesce(r.last_message_at, r.created_at)"


def millis_of(moment: str) -> str:
    """Return the SQL of a moment in milliseconds since the epoch."""
    return _MILLIS[connection.vendor].format(moment)


def later_of(moment: str, other: str) -> str:
    """Return the SQL of the later of two moments."""
    return f"{_LATER[connection.vendor]}({moment}, {other})"


class NameSearch:
    """A query for names, made of words that a name must hold: all rows when the query is empty.

    rank: SQL for a column that is 0 where the name is the query, 1 where it or one of its words begins so, else 2.
    """

    def __init__(self, query: str, column: str) -> None:
        self._words = words_of(query)
        self._column = column

    def __bool__(self) -> bool:
        return bool(self._words)

    @property
    def condition(self) -> str:
        return " AND ".join([_HOLDS.format(self._column)] * len(self._words)) or "TRUE"

    @property
    def condition_parameters(self) -> list[str]:
        return [f"%{_escaped(word)}%" for word in self._words]

    @property
    def rank(self) -> str:
        if not self._words:
            return "0"
        begins = f"' ' || {self._column}"
        return f"CASE WHEN {self._column} = %s THEN 0 WHEN {_HOLDS.format(begins)} THEN 1 ELSE 2 END"

    @property
    def rank_parameters(self) -> list[str]:
        whole = " ".join(self._words)
        return [whole, f"% {_escaped(whole)}%"] if whole else []


# Said for both: without it a backslash escapes on PostgreSQL, and nothing does on SQLite.
_HOLDS: Final = "{} LIKE %s ESCAPE '!'"


def _escaped(word: str) -> str:
    return "".join(f"!{char}" if char in "!%_" else char for char in word)
