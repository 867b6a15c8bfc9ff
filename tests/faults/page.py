"""Puts the table of a long run into docs/reliability.md, between the markers of its profile."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.places import commit_of, filled

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PAGE: Final = REPOSITORY / "docs/reliability.md"
KIND: Final = "faults"


def write(profile: str, body: str, minutes: float) -> None:
    """Show a run on the page, with when, of what and for how long."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = f"{minutes:g} minutes on {os.cpu_count()} cores, {when}, commit {commit_of(REPOSITORY)}: {body}"
    PAGE.write_text(filled(PAGE.read_text(), profile, told, KIND))
