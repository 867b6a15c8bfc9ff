"""The settings under test: the real ones, on a developer's defaults, deaf to the .env of the machine.

pytest loads this module (pyproject.toml), so that a bare `.venv/bin/pytest` works. Servers that tests start inherit the
environment that it sets.
"""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("ENV_FILE", os.devnull)

from config.settings import *  # noqa: F403
from config.settings import DATABASES

# Hundreds of tests are one person, whose number is the same in each: those of the limits set their own.
ASK_BEFORE_ADDING = "never"
for _rate in ("ROOMS", "MEMBERS_ADDED", "INVITATIONS"):
    globals()[f"{_rate}_PER_HOUR"] = 0
for _rate in ("CHANGES", "SAVES", "TYPING", "SEARCHES"):
    globals()[f"{_rate}_PER_MINUTE"] = 0

_media = tempfile.TemporaryDirectory(prefix="parley-media-")
MEDIA_ROOT = Path(_media.name)

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file, since an in-memory database is invisible to the other threads and processes that take part; and one of
    # this run's own, since two runs in one work tree would empty each other's tables.
    _directory = tempfile.TemporaryDirectory(prefix="parley-tests-")
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_directory.name) / "test.sqlite3")}
