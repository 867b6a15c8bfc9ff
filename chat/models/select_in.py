"""Rows that belong to other rows, without the ORM: for the few queries that every page and every recovery asks.

The ORM takes about ten times as long to compile such a query, and to make an object of each row, as the database takes
to answer it.
"""

from collections.abc import Collection
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def select_in(
    model: type[Model], key: str, keys: Collection[Any], *fields: str, also: str = "", value: int | str | None = None
) -> list[tuple[Any, ...]]:
    """Return `fields` of the model's rows whose field `key` is one of `keys`, oldest first.

    also, value: a field that must have this value, too; None is SQL's NULL. No query when `keys` is empty. Values come as
    the database has them: for integers and text only.
    """
    if not keys:
        return []
    statement = _statement(model, key, fields, also, value is None).format(", ".join(["%s"] * len(keys)))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*keys, *([] if value is None else [value])])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def _statement(model: type[Model], key: str, fields: tuple[str, ...], also: str, is_null: bool) -> str:
    table, where = connection.ops.quote_name(model._meta.db_table), _column(model, key)
    selected = ", ".join(_column(model, name) for name in fields)
    narrower = f" AND {_column(model, also)} {'IS NULL' if is_null else '= %s'}" if also else ""
    # Names come from the models, never from outside.
    return f"SELECT {selected} FROM {table} WHERE {where} IN ({{}}){narrower} ORDER BY {_column(model, 'pk')}"  # noqa: S608


def _column(model: type[Model], name: str) -> str:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - a name of ours that is no column
    return connection.ops.quote_name(str(field.column))
