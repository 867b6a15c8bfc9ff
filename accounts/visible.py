"""Which characters draw something: of a text of any others nothing would be seen.

By ranges, not by Python's table of categories: that calls emoji that are newer than itself unprintable.
"""

import re
from typing import Final

# Unicode's Default_Ignorable_Code_Point, controls, surrogates, and code points that are never characters.
_UNSEEN: Final = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000ffffe\U000fffff\U0010fffe\U0010ffff"
)
# Drawn as nothing although they are letters or signs: an empty pattern of Braille, a null note, fillers of old scripts.
_BLANK: Final = r"\u2800\U00013441\U00013442\U00016fe4\U0001d159"
_INK: Final = re.compile(rf"[^\s{_UNSEEN}{_BLANK}]")
# What is not seen on its own, and decides how its neighbours are drawn: a flag's region, a joined emoji, the form of an
# ideograph or of an emoji. No more than that, or a text could hide another one in them.
DRAWN_TOGETHER: Final = (
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f"
    "|(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])"
    "|(?<=[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef]"
    "|(?<=[0-9#*\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff])[\ufe0e\ufe0f])"
)
_UNSEEN_ALONE: Final = re.compile(f"{DRAWN_TOGETHER}|[{_UNSEEN}]")


def has_ink(text: str) -> bool:
    """Whether anything of a text is drawn."""
    return _INK.search(text) is not None


def without_unseen(text: str) -> str:
    """Return the text without what is not seen, line ends too; what decides how its neighbours are drawn stays."""
    return _UNSEEN_ALONE.sub(_kept, text)


def _kept(found: "re.Match[str]") -> str:
    return found[1] or ""
