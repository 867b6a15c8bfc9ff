"""How fast is too fast: token buckets that cost a subtraction. 0 means no limit."""

import math
import time
from typing import Final

# From so many buckets on, the idle ones are looked for each time their number has doubled.
_MANY: Final = 1000


class TokenBucket:
    """Holds up to `burst` tokens and regains `per_second` of them."""

    __slots__ = ("_at", "_burst", "_per_second", "_tokens")

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = max(1.0, burst)
        self._tokens = self._burst
        self._at = time.monotonic()

    def take(self, count: int = 1) -> int:
        """Take so many tokens: 0 when they were there, else the milliseconds until they will be.

        More than a burst is let through when the bucket is full, and owed: otherwise it could never be.
        """
        if self._per_second <= 0:
            return 0
        now, burst = time.monotonic(), self._burst
        tokens = self._tokens + (now - self._at) * self._per_second
        # Calls of min() would be a third of what this takes, and it is asked once or twice for each frame.
        tokens = tokens if tokens < burst else burst  # noqa: FURB136
        needed = count if count < burst else burst  # noqa: FURB136
        self._at = now
        if tokens >= needed:
            self._tokens = tokens - count
            return 0
        self._tokens = tokens
        return math.ceil((needed - tokens) / self._per_second * 1000)

    @property
    def is_full(self) -> bool:
        return self._tokens + (time.monotonic() - self._at) * self._per_second >= self._burst


class PerUser:
    """A bucket for each user who is active now; full ones are forgotten, so that memory follows activity."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second, self._burst = per_second, burst
        self._buckets: dict[int, TokenBucket] = {}
        self._many = _MANY

    def take(self, user_id: int, count: int = 1) -> int:
        if self._per_second <= 0:
            return 0
        bucket = self._buckets.get(user_id)
        if bucket is None:
            if len(self._buckets) >= self._many:
                self.forget_idle()
                self._many = max(_MANY, 2 * len(self._buckets))
            bucket = self._buckets[user_id] = TokenBucket(self._per_second, self._burst)
        return bucket.take(count)

    def forget_idle(self) -> None:
        self._buckets = {user_id: bucket for user_id, bucket in self._buckets.items() if not bucket.is_full}
