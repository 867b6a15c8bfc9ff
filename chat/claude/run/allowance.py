"""Money for the further calls of one reply: each is reserved before it is made."""

from collections.abc import Callable
from typing import Any

from chat.billing import spending
from chat.billing.pricing import PAGE_TOKENS
from chat.models import Reply
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.realtime.database import in_database


class Allowance:
    """refusal: the limit that stood in the way, for administrators."""

    def __init__(self, reply: Reply) -> None:
        self._of = reply.pk, reply.attempt
        self.refusal = ""

    async def for_call(self, reading_tokens: int, writing_tokens: int, web_uses: tuple[int, int]) -> bool:
        """Reserve one more call; False where a limit forbids it."""
        return await self._is_reserved(spending.extend_reply, reading_tokens, writing_tokens, web_uses)

    async def for_lookup(self, reading_tokens: int, lookups: int) -> bool:
        """Reserve what a lookup of Anthropic's makes of a call: the model reads all of it again, with what was found."""
        return await self._is_reserved(spending.extend_reading, reading_tokens + lookups * PAGE_TOKENS)

    async def _is_reserved(self, extend: Callable[..., None], *wanted: Any) -> bool:
        try:
            await in_database(extend, *self._of, *wanted)
        except ProtocolError as error:
            if error.code != ErrorCode.QUOTA_EXCEEDED:
                raise
            self.refusal = f"{error.code}: {error.message}"
            return False
        return True
