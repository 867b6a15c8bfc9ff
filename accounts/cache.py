"""The shared cache that may fail: Redis, and this process's own memory while Redis does not respond.

Sign-in counts its failures here. Without this, a dead Redis would make every sign-in an error page; with it, the limits
hold within each process until Redis is back.
"""

import time
from typing import Any, Final

import structlog
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

# One sign-in asks the cache a dozen times: without a pause each of them would wait for the time-out again.
_PAUSE_SECONDS: Final = 5.0
# Beyond it, a third of all counts is dropped: a flood of made-up names must not reach it soon.
_ENTRIES_AT_MOST: Final = 100_000


class RedisOrMemoryCache(RedisCache):
    """Django's Redis cache; each operation falls back to memory, and after a fault all do for some seconds."""

    def __init__(self, server: Any, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._memory = LocMemCache(
            "parley-while-redis-is-away", params | {"OPTIONS": {"MAX_ENTRIES": _ENTRIES_AT_MOST}}
        )

    def add(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("add", *args, **kwargs))

    def get(self, *args: Any, **kwargs: Any) -> Any:
        return self._either("get", *args, **kwargs)

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._either("set", *args, **kwargs)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("touch", *args, **kwargs))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("delete", *args, **kwargs))

    def incr(self, *args: Any, **kwargs: Any) -> int:
        return int(self._either("incr", *args, **kwargs))

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._either("has_key", *args, **kwargs))

    def clear(self) -> None:
        self._memory.clear()
        self._either("clear")

    def _either(self, operation: str, *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() >= _fault.until:
            try:
                return getattr(super(), operation)(*args, **kwargs)
            except (RedisError, OSError) as error:
                _fault.until = time.monotonic() + _PAUSE_SECONDS
                log.warning("cache.redis_unreachable", error=type(error).__name__, retry_seconds=_PAUSE_SECONDS)
        return getattr(self._memory, operation)(*args, **kwargs)


class _Fault:
    """When Redis may be asked again. Shared: Django makes one cache object for every thread."""

    until = 0.0


_fault = _Fault()
