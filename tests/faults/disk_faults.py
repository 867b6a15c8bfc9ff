"""What befalls the disk."""

import resource

from tests.faults.nemesis import Fault
from tests.faults.scene import Scene
from tests.servers.server_process import ServerProcess


def fill_disk(process: ServerProcess) -> None:
    """Let a process write to no file any more: the kernel refuses it as it does on a full disk, and it can be undone."""
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, most))


def free_disk(process: ServerProcess) -> None:
    _, most = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (most, most))


class DiskFull(Fault):
    """Where the database is a file, nothing can be stored; what is stored can be read."""

    name = "disk full"
    hold_seconds = 2.0

    async def begin(self, scene: Scene) -> None:
        for process in scene.processes:
            fill_disk(process)

    async def end(self, scene: Scene) -> str:
        code = await self._refusal(scene)
        for process in scene.processes:
            free_disk(process)
        return f"the owner was refused with {code}" if code else ""

    async def _refusal(self, scene: Scene) -> str:
        """Return the error of a change that needs the disk; empty when it was made."""
        async with await scene.reader(scene.processes[0]) as tab:
            response = await tab.ask("save_draft", room=scene.rooms[0], content="not to be kept", version=1)
        return "" if response["success"] else str(response["error"]["code"])
