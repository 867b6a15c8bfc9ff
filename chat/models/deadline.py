"""Statements that the database ends when they take too long, because what people ask for decides how long they take."""

import time
from collections.abc import Mapping
from typing import Any, Final

from django.db import OperationalError, connection

_QUERY_CANCELED: Final = "57014"
# SQLite asks after so many instructions of its machine, about a tenth of a millisecond.
_INSTRUCTIONS: Final = 10_000


class TookTooLong(Exception):
    """The database ended the statement."""


def rows_within(seconds: float, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return a statement's rows. Raises TookTooLong."""
    fetch = _on_sqlite if connection.vendor == "sqlite" else _on_postgresql
    try:
        return fetch(seconds, statement, parameters)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _QUERY_CANCELED or str(error) == "interrupted":
            raise TookTooLong from error
        raise


def _on_postgresql(seconds: float, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # One message to the server, which makes one transaction of it: the setting ends with it, and costs no round trip.
        cursor.execute(f"SET LOCAL statement_timeout = {round(seconds * 1000)}; {statement}", parameters)
        cursor.nextset()
        return list(cursor.fetchall())


def _on_sqlite(seconds: float, statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        end = time.monotonic() + seconds
        database = connection.connection
        database.set_progress_handler(lambda: time.monotonic() > end, _INSTRUCTIONS)
        try:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall())
        finally:
            database.set_progress_handler(None, 0)
