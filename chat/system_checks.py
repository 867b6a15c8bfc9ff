"""What `manage.py check` says about settings that contradict each other. A server does not start with an error of these."""

from typing import Any, Final

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.checks import Warning as CheckWarning
from django.core.exceptions import ImproperlyConfigured

from chat.protocol.frame_size import chars_that_fit, needed_bytes

FRAME_TOO_SMALL: Final = "chat.E001"
CONTENT_UNBOUNDED: Final = "chat.W001"


def check_frame_bytes(**_: Any) -> list[CheckMessage]:
    """Find a FRAME_BYTES with which a message within CONTENT_CHARS would end its sender's connection."""
    frame, content = settings.FRAME_BYTES, settings.CONTENT_CHARS
    if not frame:
        return []
    if not content:
        text = (
            f"CONTENT_CHARS=0 allows messages of any length, but a frame over FRAME_BYTES={frame} ends the connection."
        )
        hint = f"Set CONTENT_CHARS to {chars_that_fit(frame)} or less, or FRAME_BYTES=0."
        return [CheckWarning(text, hint=hint, id=CONTENT_UNBOUNDED)]
    needed = needed_bytes(content)
    if frame >= needed:
        return []
    text = (
        f"FRAME_BYTES={frame} is too small for CONTENT_CHARS={content}: a message of that length can take {needed} bytes "
        "as JSON, and would end the connection of its sender."
    )
    fitting = chars_that_fit(frame)
    shorter = f", or CONTENT_CHARS to {fitting} or less" if fitting else ""
    return [Error(text, hint=f"Set FRAME_BYTES to {needed} or more{shorter}.", id=FRAME_TOO_SMALL)]


def refuse_to_start() -> None:
    """Raise ImproperlyConfigured for what no server may start with, whichever program serves."""
    for found in check_frame_bytes():
        if found.is_serious():
            raise ImproperlyConfigured(f"{found.msg} {found.hint}")
