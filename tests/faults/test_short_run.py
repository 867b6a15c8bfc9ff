"""A short run of each profile: faults of each kind, a seed, and not one promise broken. `make faults` runs long."""

from pathlib import Path

import pytest

from tests.faults import nemesis, network_faults, revocations, service_faults
from tests.faults.checker import check, listed
from tests.faults.nemesis import Fault
from tests.faults.play import Plan, play
from tests.faults.report import table
from tests.faults.scene import ONE, THREE
from tests.servers.sites import Profile, SiteBuilder, assert_no_traceback

SEED = 1


@pytest.mark.parametrize(
    ("profile", "faults"),
    [
        (ONE, [network_faults.ResponsesLost, network_faults.CutAtByte, nemesis.Kill, revocations.SignedOut]),
        (
            THREE,
            [network_faults.CommitsLost, service_faults.RedisKilled, revocations.MemberRemoved, nemesis.RollingRestart],
        ),
    ],
    ids=["one process", "three processes"],
)
def test_nothing_is_lost_doubled_reordered_or_leaked(
    site_builder: SiteBuilder, tmp_path: Path, profile: Profile, faults: list[type[Fault]]
) -> None:
    history = play(site_builder, Plan(profile, faults, faults, SEED), tmp_path)
    found = check(history)
    for log in tmp_path.glob("server-*.log"):
        assert_no_traceback(log.read_text(), "channels_redis.pubsub")  # which logs one for each lost connection
    assert not found, f"\n{listed(found)}\n\n{table(history, found)}\n\nThe history: {tmp_path / 'history.jsonl'}"
