"""Reports about times in the server's zone. The kind: a page that the server draws told a moment as UTC has it, which for
many readers is another day.
"""

from datetime import UTC, datetime
from typing import Final, NamedTuple

MOMENT: Final = datetime(2026, 11, 30, 23, 30, 40, tzinfo=UTC)


class Reader(NamedTuple):
    """cookie: what the page found in the browser. stored: the zone of this person's browser before. day, clock: as shown."""

    kind: str
    cookie: str
    stored: str
    day: int  # of which month, `month` tells
    month: str
    clock: str


READERS: Final = (
    Reader("ahead, another day", "Asia/Tokyo", "", 1, "Dec", "08:30 JST"),
    Reader("behind, the same day", "America/Los_Angeles", "", 30, "Nov", "15:30 PST"),
    Reader("half an hour", "Asia/Kolkata", "", 1, "Dec", "05:00 IST"),
    Reader("three quarters", "Asia/Kathmandu", "", 1, "Dec", "05:15 +0545"),
    Reader("furthest ahead", "Pacific/Kiritimati", "", 1, "Dec", "13:30 +14"),
    Reader("furthest behind", "Pacific/Pago_Pago", "", 30, "Nov", "12:30 SST"),
    Reader("summer time in the south", "Australia/Sydney", "", 1, "Dec", "10:30 AEDT"),
    Reader("a place in three parts", "America/Argentina/Buenos_Aires", "", 30, "Nov", "20:30 -03"),
    Reader("UTC itself", "UTC", "", 30, "Nov", "23:30 UTC"),
    Reader("a new browser of a known person", "", "Asia/Tokyo", 1, "Dec", "08:30 JST"),
    Reader("a traveller", "Europe/Berlin", "Asia/Tokyo", 1, "Dec", "00:30 CET"),
    Reader("a wrong cookie", "../../etc/passwd", "Asia/Tokyo", 1, "Dec", "08:30 JST"),
    Reader("a wrong cookie, and nothing known", "Mars/Base", "", 30, "Nov", "23:30 UTC"),
    Reader("nothing known", "", "", 30, "Nov", "23:30 UTC"),
)
