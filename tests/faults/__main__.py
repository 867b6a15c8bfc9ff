"""`python -m tests.faults --minutes 10`: faults in random order on both profiles, and a table for each.

Ends with 1 if a promise was broken. The histories and the servers' logs stay in the directory that is printed. With
`--write` the tables go into docs/reliability.md, too, whatever they say.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.children import leave_in_order
from tests.faults import page
from tests.faults.checker import check, listed
from tests.faults.nemesis import Fault
from tests.faults.play import Plan, play
from tests.faults.profiles import FAULTS
from tests.faults.report import table
from tests.faults.scene import PROFILES
from tests.servers.sites import SiteBuilder

_DEFAULT_MINUTES: Final = 10.0
_SECONDS: Final = 60.0


def endless(faults: list[type[Fault]], seconds: float, seed: int) -> Iterator[type[Fault]]:
    """Yield all faults once, then again in other orders, until the time is over."""
    chance = random.Random(seed)
    until = time.monotonic() + seconds
    is_first = True
    while is_first or time.monotonic() < until:
        for fault in chance.sample(faults, len(faults)):
            if not is_first and time.monotonic() > until:
                return
            yield fault
        is_first = False


def run(name: str, options: argparse.Namespace, builder: SiteBuilder, directory: Path) -> bool:
    """Run one profile, print its table, and return whether all promises held."""
    only = [each for each in options.only.split(",") if each]
    faults = [fault for fault in FAULTS[name] if not only or fault.__name__ in only]
    order = endless(faults, options.minutes * _SECONDS, options.seed)
    history = play(builder, Plan(PROFILES[name], order, faults, options.seed), directory / name)
    found = check(history)
    print(f"\n{table(history, found)}\n", flush=True)
    if options.write:
        page.write(name, table(history, found), options.minutes)
    if found:
        print(listed(found), flush=True)
    return not found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--minutes", type=float, default=_DEFAULT_MINUTES, help="for each profile")
    parser.add_argument("--profiles", default=",".join(PROFILES), help="one: one process; three: with services")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="names of fault classes, with commas")
    parser.add_argument("--write", action="store_true", help="show the tables in docs/reliability.md")
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="parley-faults-"))
    print(f"Histories and logs: {directory}", flush=True)
    builder = SiteBuilder(directory)
    try:
        kept = [run(name, options, builder, directory) for name in options.profiles.split(",")]
    finally:
        builder.close()
    return 0 if all(kept) else 1


if __name__ == "__main__":
    leave_in_order()
    sys.exit(main())
