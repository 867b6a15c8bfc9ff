"""Access ends while the process that holds the tabs stands still; then it goes on, with all that has come meanwhile.

Another program takes the access, as the administration of another process does, so this happens with one process, too.
"""

import asyncio
from typing import Final

from tests.faults.nemesis import state_of
from tests.faults.overlaps import Overlap
from tests.faults.revocations import Deactivated, MemberRemoved, Revocation, SignedOut, TokenRevoked
from tests.faults.scene import Scene
from tests.faults.service_faults import RedisKilled
from tests.servers.server_process import ServerProcess

# Shorter than a tab waits: it must still be there when the process goes on.
FROZEN_SECONDS: Final = 2.6
_TRIES: Final = 40
# HEAD_CHECK_SECONDS of a scene, and what a look takes on a busy machine.
WITHOUT_REDIS_SECONDS: Final = 4.0


class FrozenRevocation(Revocation):
    """`revoke` is not asked of a process: the one that could be asked may be the frozen one."""

    async def begin(self, scene: Scene) -> None:
        process = scene.random.choice(scene.processes[: len(self.tabs)])
        try:
            thaw_at = await _freeze(scene, process)
            self._state = state_of(process)
            self.note(scene, await self.revoke(scene, process))
            await asyncio.sleep(thaw_at - asyncio.get_running_loop().time())
        finally:
            process.thaw()

    async def end(self, scene: Scene) -> str:
        proof = await super().end(scene)
        return f"its state was T; {proof}" if self._state == "T" else ""


async def _freeze(scene: Scene, process: ServerProcess) -> float:
    """Freeze a process in a moment in which it holds no lock, and return when to thaw it: with one, no one could take
    anybody's access before that."""
    for tries in range(1, _TRIES + 1):
        process.freeze()
        thaw_at = asyncio.get_running_loop().time() + FROZEN_SECONDS
        if await asyncio.to_thread(scene.tell, "is_free", rooms=scene.rooms):
            return thaw_at
        process.thaw()
        # Longer and longer: what has piled up while it was frozen keeps it busy, on a slow machine for more than a moment.
        await asyncio.sleep(scene.random.uniform(0.01, 0.1 * tries))
    raise RuntimeError(f"{process.name} held a lock {_TRIES} times: too many people write at the same time")


class FrozenMemberRemoved(FrozenRevocation, MemberRemoved):
    name = "removed while frozen"

    async def revoke(self, scene: Scene, _process: ServerProcess) -> str:
        room = scene.rooms[0]
        await asyncio.to_thread(scene.tell, "remove_member", room=room, username=self.person.username)
        return room


class FrozenSignedOut(FrozenRevocation, SignedOut):
    name = "signed out while frozen"

    async def revoke(self, scene: Scene, _process: ServerProcess) -> str:
        await asyncio.to_thread(scene.tell, "end_session", key=self.session)
        return ""


class FrozenDeactivated(FrozenRevocation, Deactivated):
    name = "deactivated while frozen"

    async def revoke(self, scene: Scene, _process: ServerProcess) -> str:
        await asyncio.to_thread(scene.tell, "deactivate", username=self.person.username)
        return ""


class FrozenTokenRevoked(FrozenRevocation, TokenRevoked):
    name = "revoked while frozen"

    async def revoke(self, scene: Scene, _process: ServerProcess) -> str:
        await asyncio.to_thread(scene.tell, "revoke_tokens", username=self.person.username)
        return ""


FROZEN_REVOCATIONS: Final[tuple[type[FrozenRevocation], ...]] = (
    FrozenMemberRemoved,
    FrozenSignedOut,
    FrozenDeactivated,
    FrozenTokenRevoked,
)


class _RemovedUnheard(MemberRemoved):
    within = WITHOUT_REDIS_SECONDS


class _FrozenRemovedUnheard(FrozenMemberRemoved):
    within = WITHOUT_REDIS_SECONDS


class _TokenRevokedUnheard(TokenRevoked):
    within = WITHOUT_REDIS_SECONDS


class MemberRemovedWithoutRedis(Overlap):
    """The word of it reaches the other processes by the database alone."""

    name = "member removed without Redis"
    outer, inner = RedisKilled, _RemovedUnheard


class FrozenMemberRemovedWithoutRedis(Overlap):
    name = "removed while frozen without Redis"
    outer, inner = RedisKilled, _FrozenRemovedUnheard


class TokenRevokedWithoutRedis(Overlap):
    name = "token revoked without Redis"
    outer, inner = RedisKilled, _TokenRevokedUnheard
