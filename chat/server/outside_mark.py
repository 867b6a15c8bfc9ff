"""What is remembered of the database outside of it: in Redis where there is one, else in a file beside the uploads.

A file may be in the backup, too. So a second one says which file it is and when it was changed: a copy that is put in its
place, or only its content, has another time of change, and no program can set that one.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import redis
import structlog
from django.conf import settings

from chat.server.restoring import Known, MemoryAway

log = structlog.get_logger(__name__)

_REDIS_SECONDS: Final = 2.0


def load() -> Known | None:
    """Return what is remembered; None if nothing is, or if it can't be trusted. Raises MemoryAway without Redis."""
    try:
        found = _from_redis() if settings.REDIS_URL else _from_file(_path())
        return None if found is None else Known(found["number"], found["token"], found["heads"])
    except redis.RedisError as error:
        raise MemoryAway from error
    except (OSError, ValueError, KeyError, TypeError):
        return None


def keep(known: Known) -> None:
    """Remember this. What can't be kept makes the next start renew the epochs, which is safe."""
    text = json.dumps({"number": known.number, "token": known.token, "heads": known.heads})
    try:
        if settings.REDIS_URL:
            _client(settings.REDIS_URL).set(_name(), text)
        else:
            _to_file(_path(), text)
    except (OSError, redis.RedisError) as error:
        log.warning("history.mark_not_kept", error=type(error).__name__)


def _name() -> str:
    """Return a name of this database's own: two may share a Redis or a directory."""
    place = settings.DATABASES["default"]
    words = "\n".join(str(place.get(key, "")) for key in ("ENGINE", "NAME", "HOST", "PORT"))
    prefix = settings.CACHES["default"].get("KEY_PREFIX", "")
    return f"{prefix}.history-mark.{hashlib.sha256(words.encode()).hexdigest()[:16]}"


@cache
def _client(url: str) -> "redis.Redis":
    return redis.Redis.from_url(url, socket_timeout=_REDIS_SECONDS, socket_connect_timeout=_REDIS_SECONDS)


def _from_redis() -> dict[str, Any] | None:
    text: Any = _client(settings.REDIS_URL).get(_name())
    return None if text is None else dict(json.loads(text))


def _path() -> Path:
    return Path(settings.MEDIA_ROOT) / _name()


def _from_file(path: Path) -> dict[str, Any] | None:
    if _stamp_of(path).read_text() != _identity(path):
        return None
    return dict(json.loads(path.read_text()))


def _to_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.new")
    new.write_text(text)
    new.replace(path)
    _stamp_of(path).write_text(_identity(path))


def _stamp_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.stamp")


def _identity(path: Path) -> str:
    found = path.stat()
    return f"{found.st_ino} {found.st_ctime_ns}"
