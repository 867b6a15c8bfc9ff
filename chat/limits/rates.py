"""How often one person may do what costs others something: a token bucket for each kind, person and process.

An action takes its turn before its transaction begins, so that a refusal costs no lock. Pages and the socket call the
same action, and so share one bucket, although they run on different threads.
"""

import math
import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, NamedTuple, ParamSpec, TypeVar

from django.conf import settings

from chat import access
from chat.access import Actor
from chat.lifetime import part
from chat.limits.buckets import PerUser
from chat.protocol.errors import ErrorCode, ProtocolError

P = ParamSpec("P")
T = TypeVar("T")

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0


class Rate(NamedTuple):
    """How often in `seconds`, by a setting of which 0 means no limit, or as a fixed number; half of it may come at once.

    doing: completes "You are … too fast." exempts_staff: asking who is staff costs a query, once the limit is reached.
    """

    doing: str
    seconds: float
    setting: str = ""
    fixed: float = 0
    exempts_staff: bool = False

    @property
    def number(self) -> float:
        return float(getattr(settings, self.setting)) if self.setting else self.fixed


ROOMS: Final = Rate("creating rooms", _HOUR, "ROOMS_PER_HOUR", exempts_staff=True)
MEMBERS: Final = Rate("adding people", _HOUR, "MEMBERS_ADDED_PER_HOUR", exempts_staff=True)
INVITATIONS: Final = Rate("making invitation links", _HOUR, "INVITATIONS_PER_HOUR", exempts_staff=True)
CHANGES: Final = Rate("making changes", _MINUTE, "CHANGES_PER_MINUTE", exempts_staff=True)
SAVES: Final = Rate("saving drafts and read positions", _MINUTE, "SAVES_PER_MINUTE")
TYPING: Final = Rate("sending typing signals", _MINUTE, "TYPING_PER_MINUTE")
SEARCHES: Final = Rate("searching", _MINUTE, "SEARCHES_PER_MINUTE")
UPLOADS: Final = Rate("uploading files", _HOUR, "UPLOADS_PER_HOUR")
EXPORTS: Final = Rate("exporting rooms", _HOUR, "EXPORTS_PER_HOUR")
ESTIMATES: Final = Rate("estimating prompts", _MINUTE, fixed=120)
NOTIFICATIONS: Final = Rate("turning notifications on and off", _HOUR, fixed=60)


class _Buckets:
    """What each person may still do, by what is done and how often."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[tuple[str, float], PerUser] = {}

    def of(self, rate: Rate, number: float) -> PerUser:
        found = self.known.get((rate.doing, number))
        if found is None:
            found = self.known[rate.doing, number] = PerUser(number / rate.seconds, burst=max(1.0, number / 2))
        return found


def take(actor: Actor, rate: Rate, count: int = 1) -> None:
    """Count so many against a person's rate, all of them or none. Raises RATE_LIMITED, which says how long to wait."""
    number = rate.number
    if number <= 0 or count <= 0:
        return
    buckets = part(_Buckets)
    with buckets.lock:
        wait = buckets.of(rate, number).take(actor.id, count)
    if wait and not (rate.exempts_staff and access.is_staff(actor)):
        raise too_fast(rate, wait)


def too_fast(rate: Rate, wait: int) -> ProtocolError:
    """Return the refusal of what may be done again in so many milliseconds."""
    message = f"You are {rate.doing} too fast. Try again in {in_words(wait)}."
    return ProtocolError(ErrorCode.RATE_LIMITED, message, retry_after=wait)


def buckets_of(rate: Rate) -> PerUser:
    """Return the buckets of what only an event loop counts, and often: without a lock or a look at settings."""
    return part(_Buckets).of(rate, rate.number)


def forget() -> None:
    """Begin again with full buckets, as a new process does."""
    part(_Buckets).known.clear()


def rated(rate: Rate) -> Callable[[Callable[Concatenate[Actor, P], T]], Callable[Concatenate[Actor, P], T]]:
    """Have each call of an action count against a rate of its actor. Stands above `transaction.atomic`."""

    def wrap(action: Callable[Concatenate[Actor, P], T]) -> Callable[Concatenate[Actor, P], T]:
        @wraps(action)
        def counted(actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> T:
            take(actor, rate)
            return action(actor, *args, **kwargs)

        return counted

    return wrap


def in_words(milliseconds: int) -> str:
    """Return a time to wait, rounded up: a client that comes back after it is let through."""
    seconds = math.ceil(milliseconds / 1000)
    number, unit = (seconds, "second") if seconds < 2 * _MINUTE else (math.ceil(seconds / _MINUTE), "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"
