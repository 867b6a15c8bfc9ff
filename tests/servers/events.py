"""What a list of frames says about the order of a room's durable changes."""

from tests.servers.socket_client import Frame, SocketClient

DURABLE = frozenset({"new_message", "message_updated", "stream_start", "stream_end"})


def is_durable(frame: Frame) -> bool:
    return frame["type"] in DURABLE or (frame["type"] == "error" and "change" in frame.get("data", {}))


def durable_changes(frames: list[Frame], room: str) -> list[int]:
    return [frame["data"]["change"] for frame in frames if is_durable(frame) and frame["data"]["room"] == room]


def assert_gapless(tab: SocketClient, room: str) -> None:
    """Every durable event of a room came once and in order since the last time that this tab joined it."""
    joined_at = max(
        position
        for position, frame in enumerate(tab.frames)
        if frame["type"] == "joined" and frame["data"]["room"]["slug"] == room
    )
    start = tab.frames[joined_at]["data"]["change"]
    changes = durable_changes(tab.frames[joined_at:], room)
    assert changes == list(range(start + 1, start + 1 + len(changes))), f"joined at {start}, then {changes}"
