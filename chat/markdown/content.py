"""What the text of a message may be."""

from django.conf import settings

from accounts.visible import has_ink
from chat.markdown import without_blank_ends
from chat.protocol.errors import invalid


def checked_content(content: str) -> str:
    """Return the text without blank ends. Raises VALIDATION_ERROR when nothing is left, or too much."""
    content = without_blank_ends(content)
    if not has_ink(content):
        raise invalid("A message cannot be empty.", "$.content")
    if settings.CONTENT_CHARS and len(content) > settings.CONTENT_CHARS:
        raise invalid(f"A message has at most {settings.CONTENT_CHARS} characters.", "$.content")
    return content
