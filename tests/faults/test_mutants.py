"""Parley without one of its defences is caught: a checker that finds nothing in these would prove nothing elsewhere."""

from pathlib import Path

import pytest

from tests.faults import frozen_revocations, nemesis, network_faults, revocations
from tests.faults.checker import check, listed
from tests.faults.mutants import MUTANTS
from tests.faults.nemesis import Fault
from tests.faults.play import Plan, play
from tests.faults.scene import ONE, THREE
from tests.faults.workload import Pace
from tests.servers.sites import SiteBuilder

# So busy that something happens while a tab is away for a fraction of a second.
BUSY_SECONDS = 0.06
EDITING = Pace(BUSY_SECONDS, {"post": 50, "edit": 50})
# An edit waits for the lock that the mutant holds for long, and its tab would post nothing meanwhile.
POSTING = Pace(BUSY_SECONDS, {"post": 1})

# What each mutant must meet, and which rules may find it.
CAUGHT: dict[str, tuple[type[Fault], Pace, set[str]]] = {
    "no-idempotency": (network_faults.ResponsesLost, POSTING, {"duplicated"}),
    "no-catch-up": (network_faults.CutAtByte, POSTING, {"catch-up"}),
    "cursor-by-id": (network_faults.CutAtByte, EDITING, {"catch-up"}),
    "response-before-commit": (nemesis.Kill, POSTING, {"lost", "real-time order"}),
    "no-revocation": (revocations.SignedOut, POSTING, {"leak"}),
    "no-hold": (frozen_revocations.FrozenTokenRevoked, POSTING, {"leak"}),
}
# Where something must reach a process that stands still.
IN_THREE = {"no-hold"}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_missing_defence_is_noticed(site_builder: SiteBuilder, tmp_path: Path, mutant: str) -> None:
    fault, pace, rules = CAUGHT[mutant]
    profile = THREE if mutant in IN_THREE else ONE
    plan = Plan(profile, [fault, fault], [fault], pace=pace, mutant=mutant)
    found = check(play(site_builder, plan, tmp_path))
    assert rules & {violation.rule for violation in found}, f"found only:\n{listed(found)}"
