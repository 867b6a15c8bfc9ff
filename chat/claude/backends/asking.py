"""Makes a call, and makes it again without what it was refused for: a parameter, the web, an upload that is gone, a file."""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from chat.claude.backends import file_store, refused_files
from chat.claude.backends.backend import Call
from chat.claude.backends.extras import Extras, without_refused
from chat.claude.backends.failures import Progress, failure_of
from chat.claude.backends.file_store import FileStore
from chat.claude.backends.refused_web import without_web

T = TypeVar("T")

_TAKEN_OUT_SINGLY: Final = 2
_UPLOADED_AGAIN: Final = 1


class Asking:
    """One call on its way. store: where large files are uploaded; None where they go with the call."""

    def __init__(self, call: Call, extras: Extras, store: FileStore | None) -> None:
        self._call = call
        self._extras = extras
        self._store = store
        self._wanted = extras.of(call)
        self._arguments: dict[str, Any] = {}
        self._taken_out = self._lost = 0

    async def opened(self, create: Callable[..., Awaitable[T]]) -> T:
        """Return the open stream that `create` makes. Raises what the call was refused for in the end."""
        self._arguments = _arguments(self._call, await self._call.carried(self._store))
        while True:
            try:
                stream = await create(**self._arguments, **self._wanted, stream=True)
            except Exception as error:
                if not await self._goes_without(error):
                    raise
            else:
                self._extras.learn(self._call, self._wanted)
                return stream

    @property
    def refused(self) -> tuple[str, ...]:
        """What the call asked for and was taken without, as the fields of `Call` are called."""
        return self._extras.asked_in_vain(self._call, self._wanted)

    async def _goes_without(self, error: Exception) -> bool:
        """Change the call so that it isn't refused for the same again; False when nothing can be changed."""
        less = without_refused(self._wanted, error)
        if less is not None:
            self._wanted = less
            return True
        offline = without_web(self._arguments, error)
        if offline is not None:
            self._arguments = offline
            return True
        return await self._sends_again(error) or await self._leaves_out(error)

    async def _sends_again(self, error: Exception) -> bool:
        """Upload files again that are gone at Anthropic; where that doesn't help, send them within the call."""
        ids = file_store.lost(self._arguments["messages"], error)
        if not ids or self._store is None or self._call.carrier is None:
            return False
        self._lost += 1
        await self._call.carrier.forget(self._store.account, ids)
        if self._lost > _UPLOADED_AGAIN:
            self._store.refuse("calls can't name uploaded files")
            self._store = None
        self._arguments["messages"] = await self._call.carried(self._store)
        return True

    async def _leaves_out(self, error: Exception) -> bool:
        """Take the files out of a call for which it was refused. Each time, all the others are sent again."""
        places, are_named = refused_files.refused(self._arguments["messages"], error)
        if not places:
            return False
        if are_named and self._call.carrier is not None:
            detail = str(failure_of(error, self._call, Progress()))
            await self._call.carrier.refuse([refused_files.at(self._call.messages, place) for place in places], detail)
        if self._taken_out >= _TAKEN_OUT_SINGLY:
            places = refused_files.places_of(self._arguments["messages"])
        self._taken_out += 1
        self._arguments["messages"] = refused_files.without(self._arguments["messages"], places)
        return True


def _arguments(call: Call, messages: list[dict[str, Any]]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"model": call.model, "max_tokens": call.max_tokens, "messages": messages}
    if call.system:
        arguments["system"] = call.system
    if call.tools:
        arguments["tools"] = call.tools
        if not call.may_use_tools:
            arguments["tool_choice"] = {"type": "none"}
    return arguments
