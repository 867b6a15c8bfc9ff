"""The log tells every process once of each end of access, whatever the order in which its lines are committed."""

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts import access_log
from accounts.access_log import LogReader
from accounts.models import AccessChange, ApiToken, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> LogReader:
    reader = LogReader()
    assert reader.read() == set(), "what was before concerns no one who is here"
    return reader


def test_each_line_is_told_once(reader: LogReader) -> None:
    access_log.record(7)
    access_log.record(8)
    assert reader.read() == {7, 8}
    assert reader.read() == set()
    access_log.record(7)
    assert reader.read() == {7}


def test_a_line_that_is_committed_after_a_later_one_is_told_too(reader: LogReader) -> None:
    for pk, user_id in ((101, 1), (103, 3)):
        AccessChange.objects.create(pk=pk, user_id=user_id)
    assert reader.read() == {1, 3}
    AccessChange.objects.create(pk=102, user_id=2)
    assert reader.read() == {2}
    assert reader.read() == set()


def test_a_line_in_commit_when_the_process_began_is_told(reader: LogReader) -> None:
    AccessChange.objects.create(pk=201, user_id=1)
    late = LogReader()
    late.read()
    AccessChange.objects.create(pk=200, user_id=2)
    assert late.read() == {2}


def test_a_line_that_was_rolled_back_is_awaited_for_a_minute_only(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "_AWAITED_SECONDS", -1.0)
    AccessChange.objects.create(pk=501, user_id=1)
    AccessChange.objects.create(pk=900, user_id=1)
    assert reader.read() == {1}
    assert reader._awaited == {}


def test_what_is_awaited_is_bounded(reader: LogReader) -> None:
    AccessChange.objects.create(pk=1, user_id=1)
    AccessChange.objects.create(pk=1_000_000, user_id=1)
    assert reader.read() == {1}
    assert len(reader._awaited) == 1000


def test_after_too_many_lines_or_too_long_it_may_have_been_anyone(
    reader: LogReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "_READ_AT_MOST", 3)
    for user_id in range(5):
        access_log.record(user_id)
    assert reader.read() is None
    reader.read()
    access_log.record(9)
    reader._read_at -= 13 * 3600
    assert reader.read() is None


def test_a_query_is_all_that_a_reading_costs(reader: LogReader, django_assert_num_queries: Any) -> None:
    access_log.record(7)
    with django_assert_num_queries(1):
        reader.read()


def test_old_lines_are_deleted(reader: LogReader) -> None:
    AccessChange.objects.create(user_id=1, at=timezone.now() - 2 * access_log.KEPT)
    access_log.record(2)
    assert access_log.forget_old() == 1
    assert list(AccessChange.objects.values_list("user_id", flat=True)) == [2]


@transaction.atomic
def delete_and_fail(token: ApiToken) -> None:
    token.delete()
    raise ZeroDivisionError


def test_the_line_is_written_in_the_transaction_that_ends_the_access(alice: User, reader: LogReader) -> None:
    token, _ = ApiToken.issue(alice, "bot")
    with pytest.raises(ZeroDivisionError):
        delete_and_fail(token)
    assert reader.read() == set()
    ApiToken.objects.filter(user=alice).delete()
    assert reader.read() == {alice.pk}


def test_a_deactivation_and_a_new_password_are_written(alice: User, bob: User, reader: LogReader) -> None:
    alice.is_active = False
    alice.save(update_fields=["is_active"])
    bob.set_password("another one, long enough")
    bob.save()
    assert reader.read() == {alice.pk, bob.pk}
