"""Which faults there are in each profile, and the plans made of them."""

from typing import Final

from tests.faults import (
    disk_faults,
    frozen_revocations,
    hostile_faults,
    nemesis,
    network_faults,
    overlaps,
    service_faults,
)
from tests.faults.frozen_revocations import FROZEN_REVOCATIONS
from tests.faults.nemesis import Fault
from tests.faults.revocations import REVOCATIONS

_EVERYWHERE: Final[tuple[type[Fault], ...]] = (
    nemesis.Kill,
    nemesis.Freeze,
    nemesis.RollingRestart,
    network_faults.Delay,
    network_faults.CutAtByte,
    network_faults.BlackHole,
    network_faults.HalfClose,
    network_faults.ResponsesLost,
    overlaps.KilledInDelay,
    overlaps.ResponsesLostInDelay,
    hostile_faults.HostileText,
    hostile_faults.HostileSizes,
)
_WITH_SERVICES: Final[tuple[type[Fault], ...]] = (
    service_faults.RedisKilled,
    service_faults.RedisRestarted,
    service_faults.RedisFrozen,
    service_faults.RedisFlushed,
    network_faults.RedisUnreachable,
    network_faults.RedisCut,
    service_faults.PostgresRestarted,
    service_faults.PostgresFrozen,
    network_faults.CommitsLost,
    network_faults.DatabaseCut,
    nemesis.HostLost,
    overlaps.KilledWithoutRedis,
    overlaps.ResponsesLostWithoutRedis,
    frozen_revocations.MemberRemovedWithoutRedis,
    frozen_revocations.FrozenMemberRemovedWithoutRedis,
    frozen_revocations.TokenRevokedWithoutRedis,
    overlaps.PostgresRestartedWithoutRedis,
)
FAULTS: Final[dict[str, tuple[type[Fault], ...]]] = {
    "one": (*_EVERYWHERE, disk_faults.DiskFull, *REVOCATIONS, *FROZEN_REVOCATIONS),
    "three": (*_EVERYWHERE, *_WITH_SERVICES, *REVOCATIONS, *FROZEN_REVOCATIONS),
}
