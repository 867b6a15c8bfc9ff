"""Statements without the ORM: few different ones, whatever the number of values, and each row once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.models import User
from chat.models.plain_sql import locked, rows_of, rows_of_any, rows_of_each
from tests.chat.conftest import person

WAYS: dict[str, Callable[[list[int]], list[Any]]] = {
    "rows_of": lambda ids: [pk for (pk,) in rows_of(User, "pk", pk=ids)],
    "rows_of_any": lambda ids: [pk for (pk,) in rows_of_any(User, ("pk",), pk=ids, username=("person-1", "nobody"))],
    "rows_of_each": lambda ids: [pk for (pk,) in rows_of_each([(User, ("id",))], "id", ids)[0]],
    "locked": lambda ids: [user.pk for user in locked(User, "id", ids)],
}


@pytest.fixture
def people(db: None) -> list[int]:
    return [person(f"person-{number}").pk for number in range(8)]


@pytest.mark.parametrize("way", WAYS)
def test_numbers_of_values_that_are_alike_make_one_statement(people: list[int], way: str) -> None:
    seen: set[str] = set()

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.add(sql)
        return execute(sql, params, many, context)

    with transaction.atomic(), connection.execute_wrapper(note):
        for count in (5, 6, 7, 8):
            assert WAYS[way](people[:count]) == people[:count]
    assert len(seen) == 1
