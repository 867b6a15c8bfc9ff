"""Days that begin, and time zones that change, while a page is open."""

from typing import NamedTuple


class Turn(NamedTuple):
    zone: str
    then: str  # the zone afterwards
    hours: float  # from the message to the moment at which the page is looked at first
    how: (
        str  # "midnight": the page stays open over it; "asleep": the computer slept meanwhile; "zone": the zone changes
    )
    why: str


TURNS = (
    Turn("UTC", "UTC", 0, "midnight", "the example"),
    Turn("Asia/Kolkata", "Asia/Kolkata", 0, "midnight", "half an hour beside the hour"),
    Turn("Asia/Kathmandu", "Asia/Kathmandu", 0, "midnight", "a quarter of an hour beside it"),
    Turn("Pacific/Kiritimati", "Pacific/Kiritimati", 0, "midnight", "the first day of the world"),
    Turn("Pacific/Niue", "Pacific/Niue", 24, "midnight", "Yesterday becomes a weekday"),
    Turn("America/St_Johns", "America/St_Johns", 24 * 6, "midnight", "a weekday becomes a date"),
    Turn("Europe/Berlin", "Europe/Berlin", 0, "asleep", "the timer stood still"),
    Turn("America/New_York", "America/New_York", 0, "asleep", "the timer stood still"),
    Turn("Europe/Berlin", "Asia/Tokyo", 0, "zone", "to the east"),
    Turn("Asia/Tokyo", "America/Los_Angeles", 24, "zone", "to the west, over the date line"),
    Turn("Europe/London", "Africa/Abidjan", 24 * 200, "zone", "another rule for summer, the same time in winter"),
    Turn("UTC", "Australia/Lord_Howe", 24 * 3, "zone", "half an hour of summer time"),
)
