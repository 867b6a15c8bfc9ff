"""The settings under test: the real ones, on a developer's defaults, deaf to the .env of the machine.

pytest loads this module (pyproject.toml), so that a bare `.venv/bin/pytest` works. Servers that tests start inherit the
environment that it sets.
"""

import os

os.environ.setdefault("DEBUG", "1")
os.environ.setdefault("ENV_FILE", os.devnull)

from config.settings import *  # noqa: F403
