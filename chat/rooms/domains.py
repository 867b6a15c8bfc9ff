"""Names of sites, as Anthropic's tools for the web take them: without scheme, port and path, in ASCII."""

import re
from collections.abc import Iterable
from typing import Final

import idna

_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)
_LONGEST: Final = 253
# The last part of a number would be an address of a machine.
_NAMES: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.[a-z][a-z0-9-]*")


class NotADomain(ValueError):
    """Its text is what was written instead of one."""


def normalised(written: Iterable[str]) -> list[str]:
    """Return domains in one form, each once, in their order; raise NotADomain. Blank ones are left out."""
    return list(dict.fromkeys(_domain(each) for each in written if each.strip()))


def _domain(written: str) -> str:
    """Return a domain in ASCII. What people copy from a browser may have a scheme before it and a slash behind it."""
    text = _SCHEME.sub("", written.strip(), count=1).removesuffix("/").removesuffix(".")
    if len(text) > _LONGEST:
        raise NotADomain(written)
    try:
        name = idna.encode(text, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise NotADomain(written) from error
    if not _NAMES.fullmatch(name) or len(name) > _LONGEST:
        raise NotADomain(written)
    return name
