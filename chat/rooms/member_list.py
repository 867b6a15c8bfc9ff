"""Who is in a room, however many there are: the first of them, one page of them, and those whose name begins so."""

from datetime import datetime
from typing import Final, NamedTuple

from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, Q, Value, When

from accounts.names import search_form
from accounts.search_name import words_of
from chat import access
from chat.access import Actor
from chat.models import Membership, Role, Room
from chat.models.membership import MembershipQuerySet
from chat.presenter import user_ref
from chat.protocol import wire

# What a room's page begins with. Names beyond that are looked up as they are typed.
FIRST_PEOPLE: Final = 200
PEOPLE_ON_A_PAGE: Final = 100
PEOPLE_LIKE: Final = 20
_RANK: Final = Case(*(When(role=role, then=Value(-role.rank)) for role in Role), output_field=IntegerField())


class Person(NamedTuple):
    """A member as the page of a room's people shows them. is_gone: they can't use Parley any more."""

    user: wire.UserRef
    display_name: str
    role: str
    joined_at: datetime
    is_gone: bool = False


class FirstPeople(NamedTuple):
    """Some members, owners first, and how many there are in all."""

    people: list[Person]
    total: int


class PeoplePage(NamedTuple):
    """One page of the members that were looked for. total: on all pages, which are numbered from 1."""

    people: list[Person]
    total: int
    number: int
    pages: int


def first(room: Room) -> FirstPeople:
    """Return the owners, the moderators and those who have been here longest, up to FIRST_PEOPLE: one query,
    two in a room with more.

    Chosen without the users' table: sorting 5,000 names for each page that is opened would be most of its time.
    """
    chosen = room.memberships.order_by(_RANK, "pk").values("pk")[:FIRST_PEOPLE]
    people = [_person(member) for member in Membership.objects.filter(pk__in=chosen).select_related("user")]
    people.sort(key=lambda person: (-Role(person.role).rank, person.user.username))
    return FirstPeople(people, len(people) if len(people) < FIRST_PEOPLE else room.memberships.count())


def page(actor: Actor, slug: str, query: str = "", number: int = 1) -> PeoplePage:
    """Return a page of the members whose name holds every word of the query, owners first. Raises NOT_FOUND.

    A number beyond the last page means the last one.
    """
    found = _members(access.room_for(actor, slug))
    for word in words_of(query):
        found = found.filter(user__search_name__contains=word)
    shown = Paginator(found.order_by(_RANK, "user__username"), PEOPLE_ON_A_PAGE).get_page(number)
    people = [_person(member) for member in shown.object_list]
    return PeoplePage(people, shown.paginator.count, shown.number, shown.paginator.num_pages)


def like(actor: Actor, slug: str, typed: str) -> list[Person]:
    """Return up to PEOPLE_LIKE members of whose name a word begins with what was typed, by name. Raises NOT_FOUND."""
    wanted = search_form(typed)
    begins = Q(user__search_name__startswith=wanted) | Q(user__search_name__contains=f" {wanted}")
    found = _members(access.room_for(actor, slug)).active().filter(begins)
    return [_person(member) for member in found.order_by("user__username")[:PEOPLE_LIKE]]


def _members(room: Room) -> MembershipQuerySet:
    return Membership.objects.filter(room=room).select_related("user")


def _person(member: Membership) -> Person:
    return Person(user_ref(member.user), member.user.display_name, member.role, member.joined_at, member.user.is_gone)
