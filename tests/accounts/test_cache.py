"""Signing in while Redis is away, against a real Redis that comes and goes."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches

from accounts import cache as cache_module
from accounts import tickets
from accounts.cache import RedisOrMemoryCache
from accounts.models import User
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_throttling import fail, try_to_sign_in
from tests.servers.private_redis import PrivateRedis
from tests.servers.processes import free_port

OPTIONS = {"socket_timeout": 2, "socket_connect_timeout": 2}


@pytest.fixture(autouse=True)
def _no_fault_remembered() -> Iterator[None]:
    cache_module._fault.until = 0
    yield
    cache_module._fault.until = 0


def use(settings: Any, url: str) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "accounts.cache.RedisOrMemoryCache",
            "LOCATION": url,
            "OPTIONS": OPTIONS,
            "KEY_PREFIX": "t",
        }
    }


@pytest.fixture
def no_redis(settings: Any) -> None:
    use(settings, f"redis://127.0.0.1:{free_port()}/0")


@pytest.fixture
def redis(settings: Any, tmp_path: Path) -> Iterator[PrivateRedis]:
    server = PrivateRedis(tmp_path / "redis")
    server.start()
    use(settings, server.url)
    try:
        yield server
    finally:
        server.stop()


def test_what_is_stored_is_in_redis(redis: PrivateRedis) -> None:
    cache = caches["default"]
    assert isinstance(cache, RedisOrMemoryCache)
    cache.set("key", [1, 2], 60)
    other_process = RedisOrMemoryCache(redis.url, {"OPTIONS": OPTIONS, "KEY_PREFIX": "t"})
    assert other_process.get("key") == [1, 2]
    assert other_process.add("key", 3) is False
    assert other_process.add("count", 1) is True
    assert cache.incr("count") == 2
    assert cache.has_key("count")
    assert cache.delete("key") is True
    assert other_process.get("key", "gone") == "gone"


@pytest.mark.usefixtures("no_redis")
def test_without_redis_people_sign_in_and_guessing_is_still_throttled(alice: User) -> None:
    assert try_to_sign_in("alice", PASSWORD)
    fail("alice", 5)
    assert not try_to_sign_in("alice", PASSWORD)


@pytest.mark.usefixtures("no_redis")
def test_without_redis_a_ticket_is_spent_once_in_the_process() -> None:
    assert tickets.spend_everywhere("nonce")
    assert not tickets.spend_everywhere("nonce")


def test_after_a_fault_redis_is_left_alone_for_some_seconds_then_used_again(
    redis: PrivateRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = caches["default"]
    cache.set("key", "in redis")
    redis.stop()
    started = time.monotonic()
    for _ in range(50):
        assert cache.get("key") is None
    assert time.monotonic() - started < 5
    cache.set("key", "in memory")
    assert cache.get("key") == "in memory"
    redis.start()
    assert cache.get("key") == "in memory"
    cache_module._fault.until = 0
    cache.set("key", "in redis again")
    assert RedisOrMemoryCache(redis.url, {"OPTIONS": OPTIONS, "KEY_PREFIX": "t"}).get("key") == "in redis again"
