"""What is remembered of the database in a file: a copy of it is not the memory."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chat.server import outside_mark
from chat.server.restoring import Known

KNOWN = Known(7, "token", {"general": 12})


@pytest.fixture(autouse=True)
def place(settings: Any, tmp_path: Path) -> Path:
    settings.REDIS_URL = ""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


def test_what_was_kept_is_loaded_and_the_newest_counts() -> None:
    assert outside_mark.load() is None
    outside_mark.keep(KNOWN)
    assert outside_mark.load() == KNOWN
    outside_mark.keep(KNOWN._replace(number=8))
    assert outside_mark.load() == KNOWN._replace(number=8)


def put_back_whole(place: Path) -> None:
    shutil.copytree(place, place.with_name("backup"))
    shutil.rmtree(place)
    shutil.copytree(place.with_name("backup"), place)


def put_back_into_the_same_files(place: Path) -> None:
    for path in place.iterdir():
        content, found = path.read_bytes(), path.stat()
        path.write_bytes(content)
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def lose_one(place: Path) -> None:
    next(place.glob("*.stamp")).unlink()


def cut_off(place: Path) -> None:
    for path in place.iterdir():
        path.write_text("")


@pytest.mark.parametrize("change", [put_back_whole, put_back_into_the_same_files, lose_one, cut_off])
def test_what_something_else_has_written_is_no_memory(place: Path, change: Callable[[Path], None]) -> None:
    outside_mark.keep(KNOWN)
    change(place)
    assert outside_mark.load() is None


def test_two_databases_have_memories_of_their_own(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    outside_mark.keep(KNOWN)
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", "another")
    assert outside_mark.load() is None


def test_what_cannot_be_kept_is_no_error(settings: Any, place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    place.write_text("not a directory")
    outside_mark.keep(KNOWN)
    assert outside_mark.load() is None
