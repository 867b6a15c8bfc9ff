"""The log of whose access may have ended: a sign-out, a revoked token, a deactivation, a removal from a room.

Every process is told of such a change immediately over the channel layer, which may be down, and a process that stood still
was told nothing. The log covers both: its rows are committed together with what they tell of, and reading what is new in
it costs one small query, however many connections there are.
"""

import time
from datetime import timedelta
from typing import Final

from django.db.models import Max, Q
from django.utils import timezone

from accounts.models import AccessChange

KEPT: Final = timedelta(days=1)
# Ids are handed out before the commit, so a lower one may appear after a higher one; one that was rolled back never does.
_AWAITED_SECONDS: Final = 60.0
_AWAITED_AT_MOST: Final = 1000
_REREAD: Final = 50
# More than this at once is not read line by line: everyone is looked at instead.
_READ_AT_MOST: Final = 5000
_READ_WITHIN_SECONDS: Final = KEPT.total_seconds() / 2


def record(user_id: int) -> None:
    """Write that a user's access may have ended. Call it in the transaction that ends it."""
    AccessChange.objects.create(user_id=user_id)


def forget_old() -> int:
    """Delete what every process has read long since; return how many rows."""
    return AccessChange.objects.filter(at__lt=timezone.now() - KEPT).delete()[0]


class LogReader:
    """Reads each row once, in whatever order they appear. For one thread at a time."""

    def __init__(self) -> None:
        self._newest: int | None = None
        self._awaited: dict[int, float] = {}  # id that has not appeared yet -> when it is given up
        self._read_at = 0.0

    def read(self) -> set[int] | None:
        """Return the users whose access may have ended since the last reading; None if it may be anyone's."""
        now = time.time()  # counts the hours that a machine sleeps, too
        newest, is_first = self._newest, self._newest is None
        if newest is None or not 0 <= now - self._read_at < _READ_WITHIN_SECONDS:
            newest = AccessChange.objects.aggregate(newest=Max("pk"))["newest"] or 0
            self._start_at(newest, now)
            return set() if is_first else None
        rows = list(
            AccessChange.objects.filter(Q(pk__gt=newest) | Q(pk__in=list(self._awaited)))
            .order_by("pk")
            .values_list("pk", "user_id")[: _READ_AT_MOST + 1]
        )
        if len(rows) > _READ_AT_MOST:
            self._start_at(AccessChange.objects.aggregate(newest=Max("pk"))["newest"], now)
            return None
        self._read_at = now
        self._note({pk for pk, _ in rows}, newest)
        return {user_id for _, user_id in rows}

    def _start_at(self, newest: int, now: float) -> None:
        self._newest, self._read_at = newest, now
        # Some of these may be committed only now; those that are there already are read once more, which does no harm.
        self._awaited = dict.fromkeys(range(max(1, newest - _REREAD), newest), time.monotonic() + _AWAITED_SECONDS)

    def _note(self, appeared: set[int], newest: int) -> None:
        now = time.monotonic()
        self._newest = max(newest, *appeared, 0)
        skipped = range(max(newest + 1, self._newest - _AWAITED_AT_MOST), self._newest)
        self._awaited |= dict.fromkeys(skipped, now + _AWAITED_SECONDS)
        self._awaited = {pk: until for pk, until in self._awaited.items() if pk not in appeared and now < until}
