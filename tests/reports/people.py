"""Reports about people who are gone, and about refusals that don't name them. States of an account, and what is right.

The kind: a rule asked whether a row exists, and not whether the person behind it can still use Parley; or it asked that of
people whom one only wants to take something from.
"""

from datetime import timedelta
from typing import Final, NamedTuple

HOUR: Final = timedelta(hours=1)


class State(NamedTuple):
    """is_active and a ban, as an administrator sets them. lasts: of the ban from now on, None without an end."""

    name: str
    is_active: bool = True
    is_banned: bool = False
    lasts: timedelta | None = None


ACTIVE: Final = State("active")
DEACTIVATED: Final = State("deactivated", is_active=False)
BANNED: Final = State("banned without an end", is_banned=True)
BANNED_FOR_NOW: Final = State("banned for an hour", is_banned=True, lasts=HOUR)
BANNED_ONCE: Final = State("banned until an hour ago", is_banned=True, lasts=-HOUR)
STATES: Final = (ACTIVE, DEACTIVATED, BANNED, BANNED_FOR_NOW, BANNED_ONCE)


class Owners(NamedTuple):
    """Who else is in a room of an owner's, and whether that owner may leave or step down."""

    kind: str
    others: tuple[tuple[str, State], ...]
    may_leave: bool


OWNERS: Final = (
    Owners("no one else", (), True),
    Owners("another owner", (("owner", ACTIVE),), True),
    Owners("a member only", (("member", ACTIVE),), False),
    Owners("a moderator only", (("moderator", ACTIVE),), False),
    Owners("a deactivated owner and a member", (("owner", DEACTIVATED), ("member", ACTIVE)), False),
    Owners("a banned owner and a member", (("owner", BANNED), ("member", ACTIVE)), False),
    Owners("an owner banned for now and a member", (("owner", BANNED_FOR_NOW), ("member", ACTIVE)), False),
    Owners("an owner whose ban is over and a member", (("owner", BANNED_ONCE), ("member", ACTIVE)), True),
    Owners("two deactivated owners and a moderator", (("owner", DEACTIVATED),) * 2 + (("moderator", ACTIVE),), False),
    Owners("a deactivated and an active owner", (("owner", DEACTIVATED), ("owner", ACTIVE)), True),
    Owners("only people who are gone", (("owner", DEACTIVATED), ("member", BANNED)), True),
    Owners("a member who is gone, and none else", (("member", DEACTIVATED),), True),
)


class Succession(NamedTuple):
    """Who is in a room when its owner goes, the longest-standing first, and who owns it then beside those who have gone.

    heirs: places among `others`.
    """

    kind: str
    others: tuple[tuple[str, State], ...]
    heirs: tuple[int, ...]


SUCCESSIONS: Final = (
    Succession("no one else", (), ()),
    Succession("one member", (("member", ACTIVE),), (0,)),
    Succession("two members: the one who was there first", (("member", ACTIVE),) * 2, (0,)),
    Succession("a moderator before a member who was there first", (("member", ACTIVE), ("moderator", ACTIVE)), (1,)),
    Succession("two moderators", (("member", ACTIVE),) + (("moderator", ACTIVE),) * 2, (1,)),
    Succession("another owner", (("member", ACTIVE), ("owner", ACTIVE)), (1,)),
    Succession("a deactivated owner", (("owner", DEACTIVATED), ("member", ACTIVE)), (1,)),
    Succession("a banned owner, without an end", (("owner", BANNED), ("member", ACTIVE)), (1,)),
    Succession("an owner who is back in an hour", (("owner", BANNED_FOR_NOW), ("member", ACTIVE)), (0,)),
    Succession("an owner whose ban is over", (("owner", BANNED_ONCE), ("member", ACTIVE)), (0,)),
    Succession("those first are gone", (("moderator", DEACTIVATED), ("member", BANNED), ("member", ACTIVE)), (2,)),
    Succession("one who can't act now is no heir", (("moderator", BANNED_FOR_NOW), ("member", ACTIVE)), (1,)),
    Succession("only people who are gone", (("moderator", DEACTIVATED), ("member", BANNED)), ()),
)


class Direct(NamedTuple):
    """A direct message to someone in this state, and whether it is stored."""

    state: State
    is_stored: bool


DIRECT: Final = (
    Direct(ACTIVE, True),
    Direct(DEACTIVATED, False),
    Direct(BANNED, False),
    Direct(BANNED_FOR_NOW, True),  # they can read it in an hour
    Direct(BANNED_ONCE, True),
    Direct(State("deactivated, and banned for now", is_active=False, is_banned=True, lasts=HOUR), False),
    Direct(State("deactivated, and once banned", is_active=False, is_banned=True, lasts=-HOUR), False),
)
TEXTS: Final = ("hello", "@claude hello", "@bob hello", "こんにちは")


class Unknown(NamedTuple):
    """What was typed for a person, and how the refusal names it."""

    typed: str
    named: str


UNKNOWN: Final = (
    Unknown("ghost", "@ghost"),
    Unknown("Ghost", "@Ghost"),
    Unknown("4711", "4711"),
    Unknown("bob smith", "@bob smith"),
    Unknown("b\u202eob", "@bob"),
    Unknown("bob\n", "@bob"),
    Unknown("\u2067bob", "@bob"),
    Unknown("владимир", "@владимир"),
    Unknown("משה", "@\u2068משה\u2069"),
    Unknown("١٢", "@\u2068١٢\u2069"),
    Unknown("<b>", "@<b>"),
)
