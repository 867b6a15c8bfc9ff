"""Waiting for what a room says of its people."""

from tests.servers.socket_client import SocketClient

_PAUSE_SECONDS = 0.05


async def until_online(tab: SocketClient, room: str, wanted: dict[str, int], tries: int = 60) -> None:
    """Ask until these people are there with these numbers of tabs: presence of other processes comes a little later."""
    found: dict[str, int] = {}
    for _ in range(tries):
        found = {p["username"]: p["tabs"] for p in (await tab.request("list_presence", room=room))["online"]}
        if found == wanted:
            return
        await tab.wait(_PAUSE_SECONDS)
    raise AssertionError(f"{found} instead of {wanted}")
