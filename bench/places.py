"""The places of a page into which what was measured is written, and the commit that it was measured of.

A place stands between two comments, `<!-- bench:begin fanout -->` and `<!-- bench:end fanout -->`; `kind` is the first word.
"""

import re
import subprocess
from pathlib import Path


def filled(text: str, name: str, body: str, kind: str = "bench") -> str:
    """Return a page with what stands between the markers of this name replaced.

    Raises ValueError when the page does not have exactly one such place.
    """
    begin, end = f"<!-- {kind}:begin {name} -->", f"<!-- {kind}:end {name} -->"
    places = re.findall(re.escape(begin) + ".*?" + re.escape(end), text, re.DOTALL)
    if len(places) != 1 or text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"the page needs exactly one place between {begin} and {end}")
    return text.replace(places[0], f"{begin}\n\n{body}\n\n{end}")


def commit_of(root: Path) -> str:
    """Return the commit that is measured, marked when there are changes that it does not hold."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # The documents and the results change with every run of the benchmark itself.
        changes = git("status", "--porcelain", "--", ".", ":!docs", ":!bench/results")
        return git("rev-parse", "--short", "HEAD") + (" with changes" if changes else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"  # an unpacked archive has no history
