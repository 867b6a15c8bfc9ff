"""Whether the model of a room can read an uploaded file, said to the person who adds it. No I/O."""

from typing import Final, NamedTuple

from django.conf import settings

from chat.claude.abilities import abilities_of
from chat.claude.prompt.context import FILES_SHARE
from chat.claude.reading.files import File, left_out_kind
from chat.files import legible
from chat.files.uploads import Upload
from chat.model_choice import is_demo_model

_MODEL_CANNOT: Final = "The model of this room can't read files of this kind."
_TOO_LONG: Final = "Too long for Claude to read at once."
# Of a text that no one has looked at yet: about what a letter of English counts.
_BYTES_PER_TOKEN: Final = 4


class Reading(NamedTuple):
    """reason: why Claude can't read it, or not all of it at once; a sentence, or nothing."""

    can: bool
    reason: str = ""


def reading_of(upload: Upload, model: str) -> Reading | None:
    """Return whether Claude can read a file; None where nothing is to be said: the demo reads nothing at all."""
    if is_demo_model(model):
        return None
    file = File(
        0, upload.name, upload.content_type, upload.size, upload.width, upload.height, upload.pages,
        upload.text_tokens, upload.unreadable, upload.densest_page,
    )  # fmt: skip
    if file.why_not is not None:
        return Reading(False, legible.SAID[file.why_not])
    if left_out_kind(file, abilities_of(model)):
        return Reading(False, _MODEL_CANNOT)
    tokens = upload.size // _BYTES_PER_TOKEN if file.tokens is None else file.tokens
    is_long = tokens > settings.CLAUDE_CONTEXT_TOKENS * FILES_SHARE
    # An office file holds much beside its text: how much that is, no one knows yet.
    return Reading(False, _TOO_LONG) if is_long and not legible.is_office(upload.content_type) else Reading(True)
