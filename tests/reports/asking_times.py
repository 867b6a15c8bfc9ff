"""Which day and time Claude is told, for the person who asks.

Report 20: today's date and the asker's time zone were unknown to Claude.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple


class Case(NamedTuple):
    """at: in UTC."""

    time_zone: str
    at: datetime
    told: str


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


_EVENING: Final = _utc(2026, 11, 30, 23, 30)

CASES: Final = (
    Case("Europe/Berlin", _EVENING, "Tuesday, 2026-12-01 00:30 (Europe/Berlin, UTC+01:00)"),
    Case("Europe/Berlin", _utc(2026, 7, 1, 12), "Wednesday, 2026-07-01 14:00 (Europe/Berlin, UTC+02:00)"),
    Case("America/Los_Angeles", _EVENING, "Monday, 2026-11-30 15:30 (America/Los_Angeles, UTC-08:00)"),
    Case("Asia/Kolkata", _EVENING, "Tuesday, 2026-12-01 05:00 (Asia/Kolkata, UTC+05:30)"),
    Case("Asia/Kathmandu", _EVENING, "Tuesday, 2026-12-01 05:15 (Asia/Kathmandu, UTC+05:45)"),
    Case("Pacific/Kiritimati", _EVENING, "Tuesday, 2026-12-01 13:30 (Pacific/Kiritimati, UTC+14:00)"),
    Case("Pacific/Pago_Pago", _utc(2026, 12, 1, 8), "Monday, 2026-11-30 21:00 (Pacific/Pago_Pago, UTC-11:00)"),
    Case("UTC", _EVENING, "Monday, 2026-11-30 23:30 (UTC, UTC+00:00)"),
    Case("", _EVENING, "Monday, 2026-11-30 23:30 (UTC; their time zone is not known)"),
    Case("Mars/Olympus", _EVENING, "Monday, 2026-11-30 23:30 (UTC; their time zone is not known)"),
    Case(
        "America/Argentina/Ushuaia",
        _utc(2028, 2, 29, 12),
        "Tuesday, 2028-02-29 09:00 (America/Argentina/Ushuaia, UTC-03:00)",
    ),
)

# What a cookie may hold, and whether it is kept.
COOKIES: Final = (
    ("Europe/Berlin", True),
    ("America/Argentina/Ushuaia", True),
    ("Etc/GMT+5", True),
    ("UTC", True),
    ("", False),
    ("Mars/Olympus", False),
    ("../../etc/passwd", False),
    ("/etc/passwd", False),
    ("Europe", False),
    ("Europe/../Europe/Berlin", False),
    ("posixrules", False),
    ("Europe/Berlin ", False),
    ("E" * 300, False),
    ("Europe/Z\xfcrich", False),
)
