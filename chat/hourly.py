"""What a person may do only so often in an hour, in each process: uploads and exports."""

from functools import lru_cache
from typing import Final

from chat.access import Actor
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.limits import PerUser

_HOUR_SECONDS: Final = 3600.0


@lru_cache(maxsize=16)
def _limit(doing: str, per_hour: int) -> PerUser:
    return PerUser(per_hour / _HOUR_SECONDS, burst=max(1, per_hour / 2))


def take_turn(actor: Actor, doing: str, per_hour: int) -> None:
    """Count one. Half of an hour's number may come at once. Raises RATE_LIMITED, which says what they are doing."""
    limit = _limit(doing, per_hour)
    wait = limit.take(actor.id)
    limit.forget_idle()
    if wait:
        raise ProtocolError(ErrorCode.RATE_LIMITED, f"You are {doing} too much.", retry_after=wait)
