"""What one reply looks up on the web: which uses are left to it, and what its room is shown of each."""

from typing import Any

from chat.claude.backends.backend import ServerResult, ServerUse
from chat.claude.prompt import web
from chat.models import Usage


class Looks:
    def __init__(self, allowed: web.Web = web.Web()) -> None:  # noqa: B008 - it is never changed
        self._allowed = allowed
        # By their ids: the result of a search that was paused comes in the next call.
        self._uses: dict[str, ServerUse] = {}
        self._open: set[str] = set()

    @property
    def count(self) -> int:
        """Return how many uses there have been."""
        return len(self._uses)

    def left(self, used: Usage) -> tuple[int, int]:
        """Return the uses that are left after those that were billed. A search that failed is not.

        One that was paused is still to be made: the next call must allow it.
        """
        opened = sum(use.name == "web_fetch" and id_ not in self._open for id_, use in self._uses.items())
        searching = sum(self._uses[id_].name == "web_search" for id_ in self._open)
        return self._allowed.left(max(used.web_search_requests - searching, 0), opened)

    def definitions(self, used: Usage, ours: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the tools that the next call offers beside ours."""
        return self._allowed.definitions(self.left(used), ours)

    def hear(self, piece: ServerUse | ServerResult) -> dict[str, Any] | None:
        """Return what the room is shown of a use: when it begins, and when it has ended."""
        if isinstance(piece, ServerUse):
            self._uses[piece.id] = piece
            self._open.add(piece.id)
            return web.begun(piece)
        self._open.discard(piece.id)
        use = self._uses.get(piece.id)
        return None if use is None else web.shown(use, piece)
