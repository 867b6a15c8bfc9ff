"""Puts the table of a long run into docs/reliability.md, between the markers of its profile."""

import os
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
PAGE: Final = REPOSITORY / "docs/reliability.md"


def filled(text: str, profile: str, body: str) -> str:
    """Return the page with what stands between a profile's markers replaced. Raises ValueError if there is no such place."""
    begin, end = f"<!-- faults:begin {profile} -->", f"<!-- faults:end {profile} -->"
    places = re.findall(re.escape(begin) + ".*?" + re.escape(end), text, re.DOTALL)
    if len(places) != 1:
        raise ValueError(f"{PAGE.name} needs exactly one place between {begin} and {end}")
    return text.replace(places[0], f"{begin}\n\n{body}\n\n{end}")


def write(profile: str, body: str, minutes: float) -> None:
    """Show a run on the page, with when, of what and for how long."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    told = f"{minutes:g} minutes on {os.cpu_count()} cores, {when}, commit {_commit()}: {body}"
    PAGE.write_text(filled(PAGE.read_text(), profile, told))


def _commit() -> str:
    """Return the commit that was run, marked when there are changes that it does not hold."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        changes = git("status", "--porcelain", "--", ".", ":!docs", ":!bench/results")
        return git("rev-parse", "--short", "HEAD") + (" with changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # an unpacked archive has no history
