"""What a user name and a display name may be, so that nobody can pass for someone else.

User names are short, ASCII and lower case. Display names are free text without the characters that hide or turn text.
"""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

# \A and \Z: `$` would also accept a line break at the end.
USERNAME_PATTERN: Final = r"\A(?![0-9]+\Z)[a-z0-9][a-z0-9_.-]{0,31}\Z"
CLAUDE: Final = "claude"
_RESERVED: Final = frozenset({CLAUDE, "admin", "administrator", "everyone", "here", "all", "system", "parley", "root"})
# Emoji sequences are joined by this one; every other invisible format character can disguise or reverse text.
_ZERO_WIDTH_JOINER: Final = "\u200d"
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def refuse_reserved_name(value: str) -> None:
    """Raise ValidationError for names that would let a person pass for Claude or for the staff."""
    if value.lower() in _RESERVED:
        raise ValidationError("This name is reserved.", code="reserved")


def fold_display_name(value: str) -> str:
    """Return the name in its one written form: compatibility characters replaced, white space single."""
    return " ".join(unicodedata.normalize("NFKC", value).split())


def refuse_hidden_characters(value: str) -> None:
    """Raise ValidationError for control characters, text direction overrides and code points without a meaning."""
    if any(unicodedata.category(char) in _HIDDEN_CATEGORIES and char != _ZERO_WIDTH_JOINER for char in value):
        raise ValidationError("Use visible characters only.", code="hidden_characters")


username_validator = RegexValidator(
    re.compile(USERNAME_PATTERN),
    "Use 1 to 32 of: a to z, digits, dot, dash and underscore; begin with a letter or digit, and not digits alone.",
)
# For people signing up. Rows may hold reserved names (the Claude user does), so the model does not refuse them.
username_validators = [username_validator, refuse_reserved_name]
