"""Statements without the ORM: for the few that every message, every opened room and every page of history takes.

The ORM compiles a query again each time, which takes about ten times as long as the database takes to run it. Names of
tables and columns come from the models, values always as parameters.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from operator import attrgetter
from typing import Any, Final, TypeVar

from django.db import connection
from django.db.models import (
    BigAutoField,
    BigIntegerField,
    CharField,
    Field,
    ForeignKey,
    IntegerField,
    Model,
    PositiveIntegerField,
    TextField,
)

M = TypeVar("M", bound=Model)
N = TypeVar("N", bound=Model)
# The conditions of a statement: fields, and how many values each may have, 0 for NULL.
Shape = tuple[tuple[str, int], ...]
# Fields whose values, None or of the right type, need no word of the field's on their way to a column.
_STORED_AS_THEY_ARE: Final = {BigAutoField, BigIntegerField, CharField, IntegerField, PositiveIntegerField, TextField}


def rows_of(model: type[Model], *fields: str, **conditions: Any) -> list[tuple[Any, ...]]:
    """Return these fields of the rows that meet all conditions, oldest first.

    A condition is a field with its value: None is SQL's NULL, a collection means any of its values; with an empty one no
    row can meet it, and the database is not asked. Values come as the database has them: for integers and text only.
    """
    shape, parameters = _split(conditions)
    if shape is None:
        return []
    selected = ", ".join(_column(model, name) for name in fields)
    return _execute(f"SELECT {selected} {_from(model, shape)} ORDER BY {_column(model, 'pk')}", parameters)


def rows_of_any(model: type[Model], fields: tuple[str, ...], **conditions: Collection[Any]) -> list[tuple[Any, ...]]:
    """Return these fields of the rows that meet at least one condition, oldest first; else as `rows_of`."""
    asked = {name: values for name, values in conditions.items() if values}
    shape, parameters = _split(asked)
    if not shape:
        return []
    selected = ", ".join(_column(model, name) for name in fields)
    return _execute(
        f"SELECT {selected} FROM {_table(model)} {_where(model, shape, 'OR')} ORDER BY {_column(model, 'pk')}",  # noqa: S608
        parameters,
    )


def update_rows(model: type[Model], values: Mapping[str, Any], **conditions: Any) -> int:
    """Set these fields of the rows that meet all conditions, which are those of `rows_of`; return how many rows."""
    shape, parameters = _split(conditions)
    if shape is None:
        return 0
    prepared = [_field(model, name).get_db_prep_save(value, connection) for name, value in values.items()]
    with connection.cursor() as cursor:
        cursor.execute(f"{_update(model, tuple(values))} {_where(model, shape)}", [*prepared, *parameters])
        count: int = cursor.rowcount
    return count


def rows_of_each(
    selections: Sequence[tuple[type[Model], tuple[str, ...]]], field: str, values: Collection[int]
) -> list[list[tuple[Any, ...]]]:
    """Return for each selection, of a model and its fields, what `rows_of` would, by one statement for all.

    The first selection has the most fields, and its neighbours below have the same types.
    """
    found: list[list[tuple[Any, ...]]] = [[] for _ in selections]
    if values:
        padded = _padded(values)
        statement = _union(tuple(selections), field, len(padded))
        for number, _, *row in _execute(statement, padded * len(selections)):
            found[number].append(tuple(row))
    return found


def objects_of(model: type[M], where: str, *parameters: Any) -> list[M]:
    """Return the rows that the end of a statement describes: WHERE, ORDER BY, LIMIT, with %s for each parameter.

    where: a text of ours, never one with a value in it.
    """
    return _read(model, f"FROM {_table(model)} {where}", parameters)


def pairs_of(model: type[M], other: type[N], link: str, where: str, *parameters: Any) -> list[tuple[M, N]]:
    """Return each row together with the rows of another model whose field `link` points to it; `where` as above."""
    on = f"{_table(other)}.{_column(other, link)} = {_table(model)}.{_column(model, 'pk')}"
    rows = _execute(
        f"SELECT {_columns(model)}, {_columns(other)} FROM {_table(model)} JOIN {_table(other)} ON {on} {where}",  # noqa: S608
        parameters,
    )
    width = len(model._meta.concrete_fields)
    make, make_other = _maker(model), _maker(other)
    return [(make(row[:width]), make_other(row[width:])) for row in rows]


def locked(model: type[M], field: str, values: Collection[Any]) -> list[M]:
    """Return the rows whose field is one of these values, in id order, locked until the transaction ends.

    Their keys are not: a transaction that checks a foreign key to such a row, while it holds another that we want, would
    wait for us, and we for it.
    """
    lock = " FOR NO KEY UPDATE" if connection.features.has_select_for_update else ""
    padded = _padded(values)
    return _read(model, f"{_from(model, ((field, len(padded)),))} ORDER BY {_column(model, 'pk')}{lock}", padded)


def new(model: type[M], **values: Any) -> M:
    """Return what `model(**values)` returns, with less thought. Names are those of columns: `room_id`, not `room`."""
    return model(*[values[name] if name in values else default() for name, default in _defaults(model)])


def insert_all(objects: Sequence[Model]) -> None:
    """Insert new rows by one statement, and give them their ids. Fields that set themselves (`auto_now`) do not."""
    prepare = _preparer(type(objects[0]))
    values = [value for each in objects for value in prepare(each)]
    with connection.cursor() as cursor:
        cursor.execute(_insert(type(objects[0]), len(objects)), values)
        for each, (pk,) in zip(objects, cursor.fetchall(), strict=True):
            each.pk = pk
            each._state.adding, each._state.db = False, connection.alias


def _read(model: type[M], rest: str, parameters: Sequence[Any]) -> list[M]:
    make = _maker(model)
    return [make(row) for row in _execute(f"SELECT {_columns(model)} {rest}", parameters)]


def _execute(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows


@cache
def _maker(model: type[M]) -> Callable[[Sequence[Any]], M]:
    """Return what makes an object of a row: the ORM's raw queries look its columns and conversions up again each time."""
    names = [field.attname for field in model._meta.concrete_fields]
    conversions = []
    for index, field in enumerate(model._meta.concrete_fields):
        expression = field.get_col(model._meta.db_table)
        # First the database's part, then the field's.
        functions = connection.ops.get_db_converters(expression) + expression.get_db_converters(connection)
        conversions += [(index, expression, function) for function in functions]

    def make(row: Sequence[Any]) -> M:
        values = list(row)
        for index, expression, convert in conversions:
            values[index] = convert(values[index], expression, connection)
        return model.from_db(connection.alias, names, values)

    return make


@cache
def _columns(model: type[Model]) -> str:
    return ", ".join(f"{_table(model)}.{_column(model, field.name)}" for field in model._meta.concrete_fields)


@cache
def _from(model: type[Model], shape: Shape) -> str:
    return f"FROM {_table(model)} {_where(model, shape)}"


@cache
def _where(model: type[Model], shape: Shape, joined_by: str = "AND") -> str:
    conditions = [
        f"{_column(model, name)} IS NULL" if count == 0 else f"{_column(model, name)} IN ({', '.join(['%s'] * count)})"
        for name, count in shape
    ]
    return f"WHERE {f' {joined_by} '.join(conditions)}"


def _split(conditions: Mapping[str, Any]) -> tuple[Shape | None, list[Any]]:
    """Return the shape of conditions and their parameters; no shape when no row can meet them."""
    parameters: list[Any] = []
    shape = []
    for name, value in conditions.items():
        values = value if isinstance(value, Collection) and not isinstance(value, str) else (value,)
        if not values:
            return None, []
        padded = [] if value is None else _padded(values)
        shape.append((name, len(padded)))
        parameters.extend(padded)
    return tuple(shape), parameters


def _padded(values: Collection[Any]) -> list[Any]:
    """Repeat the last value until there are as many as a power of two.

    Each number of values is a statement of its own, which is kept here and prepared again by the database: with several
    conditions there would be as many as products of their lengths.
    """
    padded = list(values)
    return padded + padded[-1:] * ((1 << (len(padded) - 1).bit_length()) - len(padded))


@cache
def _update(model: type[Model], names: tuple[str, ...]) -> str:
    settings = ", ".join(f"{_column(model, name)} = %s" for name in names)
    return f"UPDATE {_table(model)} SET {settings}"  # noqa: S608


@cache
def _union(selections: tuple[tuple[type[Model], tuple[str, ...]], ...], field: str, count: int) -> str:
    """Return one statement for all selections: the number of each, its primary key, its fields, then NULLs."""
    width = len(selections[0][1])
    parts = []
    for number, (model, fields) in enumerate(selections):
        columns = [*(_column(model, name) for name in ("pk", *fields)), *["NULL"] * (width - len(fields))]
        parts.append(f"SELECT {number}, {', '.join(columns)} {_from(model, ((field, count),))}")
    return f"{' UNION ALL '.join(parts)} ORDER BY 1, 2"


@cache
def _insert(model: type[Model], count: int) -> str:
    fields = _inserted_fields(model)
    columns = ", ".join(_column(model, field.name) for field in fields)
    row = f"({', '.join(['%s'] * len(fields))})"
    rows = ", ".join([row] * count)
    return f"INSERT INTO {_table(model)} ({columns}) VALUES {rows} RETURNING {_column(model, 'pk')}"  # noqa: S608


@cache
def _defaults(model: type[Model]) -> list[tuple[str, Callable[[], Any]]]:
    return [(field.attname, field.get_default) for field in model._meta.concrete_fields]


@cache
def _preparer(model: type[Model]) -> Callable[[Model], list[Any]]:
    """Return what takes an object's values for the database; most fields hand theirs over as they are."""
    fields = _inserted_fields(model)
    read = attrgetter(*(field.attname for field in fields))
    others = [
        (index, field) for index, field in enumerate(fields) if type(_stored_as(field)) not in _STORED_AS_THEY_ARE
    ]

    def prepare(row: Model) -> list[Any]:
        values = list(read(row))
        for index, field in others:
            if values[index] is not None:
                values[index] = field.get_db_prep_save(values[index], connection)
        return values

    return prepare


def _stored_as(field: "Field[Any, Any]") -> Any:
    """Return the field whose column type this one has: a foreign key has that of what it points to."""
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field


@cache
def _inserted_fields(model: type[Model]) -> "list[Field[Any, Any]]":
    return [field for field in model._meta.concrete_fields if not field.primary_key]


@cache
def _table(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


@cache
def _column(model: type[Model], name: str) -> str:
    return connection.ops.quote_name(str(_field(model, name).column))


def _field(model: type[Model], name: str) -> "Field[Any, Any]":
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, Field)  # noqa: S101 - a name of ours that is no column
    return field
