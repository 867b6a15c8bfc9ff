"""What a user name and a display name may be, so that no one can pass for someone else.

User names are short, ASCII and lower case. Display names are free text without the characters that hide or turn text,
and do not look like the user name of someone else, of Claude or of the staff. Two people may have the same display name,
and a user name may be taken after it: so the pages show the user name beside every display name that is another word.
"""

import re
import unicodedata
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from accounts.folding import fold

# \A and \Z: `$` would also accept a line break at the end.
USERNAME_PATTERN: Final = r"\A(?![0-9]+\Z)[a-z0-9][a-z0-9_.-]{0,31}\Z"
CLAUDE: Final = "claude"
_RESERVED: Final = frozenset({CLAUDE, "admin", "administrator", "everyone", "here", "all", "system", "parley", "root"})
# Of these even rough likenesses are refused: `CIaude` with an I, `r00t`. (Of `all` it would refuse everyone called Ali.)
_CLOSELY_RESERVED: Final = frozenset({CLAUDE, "admin", "administrator", "system", "parley"})
# How the pages call the reader, and those who cannot be named.
_SAID_OF_OTHERS: Final = frozenset({"no one", "nobody", "several people", "somebody", "someone", "you"})
# Latin letters, and those of other scripts that are drawn alike.
_DRAWN_ALIKE: Final = {
    "a": "АаΑαɑ", "b": "ВΒЬь", "c": "СсϹϲ", "d": "ԁ", "e": "ЕеΕεҽ", "g": "Ԍɡ", "h": "НһҺΗհ", "i": "ІіΙιıɩ", "j": "ЈјϳȷͿ",
    "k": "КкΚκ", "l": "Ӏӏɭ|", "m": "МмΜ", "n": "Νηпո", "o": "ОоΟοօσ", "p": "РрΡρ", "q": "ԛԚ", "r": "гᴦ", "s": "Ѕѕ",
    "t": "ТтΤτ", "u": "υս", "v": "νѵѴ", "w": "ԝԜω", "x": "ХхΧχ", "y": "УуΥүγ", "z": "Ζ",
}  # fmt: skip
_LATIN: Final = str.maketrans({other: letter for letter, others in _DRAWN_ALIKE.items() for other in others})
_ROUGHLY_ALIKE: Final = str.maketrans({"i": "l", "1": "l", "0": "o"})
_BETWEEN_WORDS: Final = ("", ".", "_", "-")
# Emoji sequences are joined by this one; every other invisible format character can disguise or reverse text.
_ZERO_WIDTH_JOINER: Final = "\u200d"
# Letters and signs that are drawn as nothing: fillers of Hangul, and the empty pattern of Braille.
_BLANKS: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
SEARCH_FORM_CHARS: Final = 255
# Dashes, low lines, and quotation marks, of which people have several for one.
_PARTING_CATEGORIES: Final = frozenset({"Pc", "Pd", "Pf", "Pi"})
_HIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def refuse_reserved_name(value: str) -> None:
    """Raise ValidationError for names that would let a person pass for Claude or for the staff."""
    # `@claude.` and `@cl_aude` are read as Claude, too; so is `ciaude`, in many fonts.
    plain = "".join(filter(str.isalnum, value.lower()))
    if plain in _RESERVED or plain.translate(_ROUGHLY_ALIKE) in _CLOSELY_RESERVED_LOOKS:
        raise ValidationError("This name is reserved.", code="reserved")


def fold_display_name(value: str) -> str:
    """Return the name in its one written form: compatibility characters replaced, white space single."""
    return " ".join(unicodedata.normalize("NFKC", value).split())


def search_form(*names: str) -> str:
    """Return names as they are compared when someone looks for them: folded, and without what separates words.

    So "team-alpha" is found as "team alpha" and as "alpha".

    Both databases compare what this returns, so both find the same: SQLite's own LIKE knows the case of ASCII alone.
    """
    folded = fold(" ".join(names))
    return " ".join("".join(" " if _parts(char) else char for char in folded).split())[:SEARCH_FORM_CHARS]


def _parts(char: str) -> bool:
    """Whether a sign parts words in names. Other punctuation can be looked for: `50%`, `wow!`."""
    return char in "./'\"" or unicodedata.category(char) in _PARTING_CATEGORIES


def refuse_hidden_characters(value: str) -> None:
    """Raise ValidationError for control characters, text direction overrides, code points without a meaning, and for
    names of which nothing would be seen."""
    if any(map(_is_hidden, value)) or not _BLANKS.isdisjoint(value) or (value and not _look_of(value)):
        raise ValidationError("Use visible characters only.", code="hidden_characters")


def _is_hidden(char: str) -> bool:
    is_new_emoji = "\U0001f000" <= char <= "\U0001faff"  # newer than Python's table
    return unicodedata.category(char) in _HIDDEN_CATEGORIES and char != _ZERO_WIDTH_JOINER and not is_new_emoji


def refuse_name_of_others(display_name: str, own_username: str) -> None:
    """Raise ValidationError for display names that look reserved. Being called as one's user name is always allowed."""
    look = _look_of(display_name)
    if look == own_username:
        return
    rough = "".join(filter(str.isalnum, look)).translate(_ROUGHLY_ALIKE)
    if look.lstrip("@") in _RESERVED | _SAID_OF_OTHERS or rough in _CLOSELY_RESERVED_LOOKS:
        raise ValidationError("This name is reserved.", code="reserved")


def usernames_like(display_name: str) -> set[str]:
    """Return the user names for which a display name could be taken, whether anybody has them or not."""
    words = [re.sub(r"[^a-z0-9_.-]", "", word) for word in _look_of(display_name).split()]
    return {between.join(filter(None, words)) for between in _BETWEEN_WORDS} - {""}


def _look_of(name: str) -> str:
    """Return what a name looks like at a glance: without accents and case, in Latin letters as far as they are like them."""
    visible = [char for char in unicodedata.normalize("NFKD", name) if unicodedata.category(char)[0] not in "CM"]
    return " ".join("".join(visible).translate(_LATIN).casefold().split())


_CLOSELY_RESERVED_LOOKS: Final = frozenset(name.translate(_ROUGHLY_ALIKE) for name in _CLOSELY_RESERVED)


username_validator = RegexValidator(
    re.compile(USERNAME_PATTERN),
    "Use 1 to 32 of: a to z, digits, dot, dash and underscore; begin with a letter or digit, and not digits alone.",
)
# For people signing up. Rows may hold reserved names (the Claude user does), so the model does not refuse them.
username_validators = [username_validator, refuse_reserved_name]
