"""The real settings, with static files collected in a place of the benchmark's own: a work tree's are left alone."""

import os
from pathlib import Path

from config.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["BENCH_STATIC_ROOT"])
