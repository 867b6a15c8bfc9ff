"""The ways to lose access, each as it happens in life: by a moderator, one's own sign-out, an administrator."""

import asyncio
from abc import abstractmethod
from typing import ClassVar, Final

from tests.faults.history import Revoked
from tests.faults.listener import Listener
from tests.faults.nemesis import Fault
from tests.faults.scene import Scene
from tests.faults.tab import Headers, Tab
from tests.servers.pages import change_password, sign_out, submit
from tests.servers.server_process import ServerProcess
from tests.servers.tabs import bearer, session_cookie

TABS: Final = 2
LISTENED_SECONDS: Final = 1.0
_NAME_CHARS: Final = 20
PASSWORD: Final = "correct horse battery 1"
NEW_PASSWORD: Final = "battery staple correct 2"


class Revocation(Fault):
    """Takes access from someone who has just come, in a process chosen at random."""

    hold_seconds = 2.5  # a second until nothing may come, and time for something that could
    by_session: ClassVar[bool] = False
    within: ClassVar[float] = 0.0

    async def prepare(self, scene: Scene) -> None:
        """Bring someone into all rooms, who listens and writes for a while: tabs at different processes, one by SSE."""
        self.person = await asyncio.to_thread(scene.create, self.name.replace(" ", "-")[:_NAME_CHARS])
        await self.equip(scene)
        self.session = ""
        if self.by_session:
            self.session = await asyncio.to_thread(scene.tell, "sign_in", username=self.person.username)
        for room in scene.rooms:
            await scene.ask_as_owner(scene.processes[0], "add_member", room=room, user=self.person.id)
        self.tabs: list[Tab | Listener] = [scene.new_tab(self.person, n + 1, self._headers(), n) for n in range(TABS)]
        self.tabs.append(scene.new_listener(self.person, scene.rooms[0], self._headers(), TABS))
        await scene.workload.until_ready()
        await asyncio.sleep(LISTENED_SECONDS)

    async def equip(self, scene: Scene) -> None:
        """Give them what they need before they sign in."""
        return

    def _headers(self) -> Headers:
        if self.session:
            return lambda origin: {**session_cookie(self.session), "Origin": origin}
        return lambda origin: bearer(self.person)

    async def begin(self, scene: Scene) -> None:
        self.note(scene, await self.revoke(scene, scene.random.choice(scene.processes)))

    def note(self, scene: Scene, room: str) -> None:
        """Write down that their access to a room has ended, or to all if it is empty."""
        tabs = [tab.name for tab in self.tabs]
        facts = {"user": self.person.id, "tabs": tabs, "room": room, "within": self.within}
        scene.recorder.add(Revoked, what=self.name, **facts)

    async def end(self, scene: Scene) -> str:
        return f"{self.person.username} has lost access"

    @abstractmethod
    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        """Return the room that access was taken to; empty for all."""


class MemberRemoved(Revocation):
    name = "member removed"

    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        room = scene.rooms[0]
        await scene.ask_as_owner(process, "remove_member", room=room, user=self.person.id)
        return room


class SignedOut(Revocation):
    name = "signed out"
    by_session = True

    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        await asyncio.to_thread(sign_out, process, self.session)
        return ""


class PasswordChanged(Revocation):
    """In another browser of theirs: that one stays signed in, all others do not."""

    name = "password changed"
    by_session = True

    async def equip(self, scene: Scene) -> None:
        await asyncio.to_thread(scene.tell, "set_password", username=self.person.username, password=PASSWORD)

    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        elsewhere = await asyncio.to_thread(scene.tell, "sign_in", username=self.person.username)
        await asyncio.to_thread(change_password, process, elsewhere, PASSWORD, NEW_PASSWORD)
        return ""


class Deactivated(Revocation):
    name = "deactivated"

    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        fields = {"action": "deactivate", "_selected_action": self.person.id, "confirmed": "yes"}
        await asyncio.to_thread(submit, process, scene.admin_key, "/admin/accounts/user/", fields)
        return ""


class TokenRevoked(Revocation):
    name = "token revoked"

    async def prepare(self, scene: Scene) -> None:
        await super().prepare(scene)
        (self._token_id,) = await asyncio.to_thread(scene.tell, "token_ids", username=self.person.username)

    async def revoke(self, scene: Scene, process: ServerProcess) -> str:
        path = f"/admin/accounts/apitoken/{self._token_id}/delete/"
        await asyncio.to_thread(submit, process, scene.admin_key, path, {"post": "yes"})
        return ""


REVOCATIONS: Final[tuple[type[Revocation], ...]] = (
    MemberRemoved,
    SignedOut,
    PasswordChanged,
    Deactivated,
    TokenRevoked,
)
