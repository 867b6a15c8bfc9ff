"""Who may do what, where: one table for each kind of room, and nothing that it does not allow succeeds."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from django.db import transaction

from accounts.models import User
from chat.access import Actor
from chat.messages import changes, drafts, history, reading
from chat.messages.posting import store
from chat.models import Invitation, Membership, Message, Room, RoomBan
from chat.people import lookup
from chat.protocol import requests
from chat.protocol.errors import ProtocolError
from chat.rooms import archiving, bans, invitations, joining, member_list, members, rooms
from chat.search import search
from tests.chat.conftest import person
from tests.chat.fixtures import a_post, room_of, say

pytestmark = pytest.mark.django_db

ROLES: Final = ("owner", "moderator", "member", "outsider")
KINDS: Final = ("open", "closed", "direct", "session")


class Scene:
    """A room with one of each role, and what is in it; `target` is a member who is not acting."""

    def __init__(self, kind: str, role: str) -> None:
        people_of_room = {
            name: person(name) for name in ("owner", "moderator", "member", "outsider", "target", "guest")
        }
        self.room = room_of(people_of_room["owner"], "room", kind)
        for name in ("moderator", "member", "target"):
            self.room.memberships.create(user=people_of_room[name], role="member" if name == "target" else name)
        # A second owner: rules about the last one are another matter.
        self.room.memberships.create(user=person("co-owner"), role="owner")
        self.room.bans.create(user=person("banned"))
        self.user = people_of_room[role]
        self.actor = Actor.of(self.user)
        (self.others,) = say(people_of_room["target"], "room", "someone else's")
        self.invitation = Invitation.objects.create(
            room=self.room, created_by=people_of_room["owner"], expires_at="2999-01-01T00:00Z"
        )
        self.own = self.others if role == "outsider" else say(self.user, "room", "my own")[0]


Act = Callable[[Scene], Any]


def post(scene: Scene) -> None:
    (result,) = store([a_post(scene.user, "room")])
    if isinstance(result, ProtocolError):
        raise result


def by(action: Callable[..., Any], payload: Callable[[Scene], Any]) -> Act:
    return lambda scene: action(scene.actor, payload(scene))


ACTS: Final[dict[str, Act]] = {
    "join": by(joining.open_room, lambda _scene: requests.JoinRoom("room")),
    "read": by(history.page, lambda _scene: requests.GetMessages("room")),
    "search": by(search.search_messages, lambda _scene: requests.SearchMessages("own", room="room")),
    "see who is here": by(lookup.room_of_presence, lambda _scene: requests.ListPresence("room")),
    "list people": lambda scene: member_list.page(scene.actor, "room"),
    "post": post,
    "edit own": lambda scene: changes.edit_message(scene.actor, scene.own.id, "b", ""),
    "edit others'": lambda scene: changes.edit_message(scene.actor, scene.others.id, "b", ""),
    "delete own": by(changes.delete_message, lambda scene: requests.DeleteMessage(scene.own.id)),
    "delete others'": by(changes.delete_message, lambda scene: requests.DeleteMessage(scene.others.id)),
    "react": by(changes.add_reaction, lambda scene: requests.AddReaction(scene.others.id, "🎉")),
    "unreact": by(changes.remove_reaction, lambda scene: requests.RemoveReaction(scene.others.id, "🎉")),
    "mark read": by(reading.mark_read, lambda _scene: requests.MarkRead("room", 1)),
    "draft": by(drafts.save_draft, lambda _scene: requests.SaveDraft("room", "x", 1)),
    "mute": by(rooms.mute_room, lambda _scene: requests.MuteRoom("room", True)),
    "rename": by(rooms.update_room, lambda _scene: requests.UpdateRoom("room", name="New")),
    "restore": by(archiving.restore_room, lambda _scene: requests.RestoreRoom("room")),
    "delete": by(archiving.delete_room, lambda _scene: requests.DeleteRoom("room")),
    "archive": by(archiving.archive_room, lambda _scene: requests.ArchiveRoom("room")),
    "add": by(members.add_member, lambda _scene: requests.AddMember("room", "guest")),
    "remove": by(members.remove_member, lambda _scene: requests.RemoveMember("room", "target")),
    "set role": by(members.set_role, lambda _scene: requests.SetRole("room", "target", "moderator")),
    "ban": by(bans.ban_member, lambda _scene: requests.BanMember("room", "target")),
    "lift a ban": by(bans.unban_member, lambda _scene: requests.UnbanMember("room", "banned")),
    "list bans": by(bans.list_bans, lambda _scene: requests.ListBans("room")),
    "quit": by(members.quit_room, lambda _scene: requests.QuitRoom("room")),
    "invite": lambda scene: invitations.create(scene.actor, "room", 1, None),
    "end invitation": lambda scene: invitations.revoke(scene.actor, scene.invitation.pk),
}

EVERYBODY_IN_IT: Final = {"owner": "ok", "moderator": "ok", "member": "ok"}
MODERATORS: Final = {"owner": "ok", "moderator": "ok", "member": "UNAUTHORIZED"}
OWNERS: Final = {"owner": "ok", "moderator": "UNAUTHORIZED", "member": "UNAUTHORIZED"}
NO_REQUESTER: Final = dict.fromkeys(("owner", "moderator", "member"), "UNAUTHORIZED")
NEVER: Final = dict.fromkeys(("owner", "moderator", "member"), "REQUEST_FAILED")

OWNERS_NEVER: Final = {**NO_REQUESTER, "owner": "REQUEST_FAILED"}
MODERATORS_NEVER: Final = {**NEVER, "member": "UNAUTHORIZED"}

RULES: Final[dict[str, dict[str, str]]] = {
    **dict.fromkeys(ACTS, EVERYBODY_IN_IT),
    **dict.fromkeys(("delete others'", "rename", "add", "remove", "set role", "invite", "end invitation"), MODERATORS),
    **dict.fromkeys(("ban", "lift a ban", "list bans"), MODERATORS),
    **dict.fromkeys(("archive", "restore", "delete"), OWNERS),
    "edit others'": NO_REQUESTER,
}
# In a direct room nothing about the two people, and nothing about the room itself, can be changed; each keeps their words.
DIRECT_RULES: Final = {
    **dict.fromkeys(("add", "remove", "set role", "quit", "ban"), NEVER),
    **dict.fromkeys(("rename", "invite"), MODERATORS_NEVER),
    **dict.fromkeys(("archive", "restore", "delete"), OWNERS_NEVER),
    "delete others'": NO_REQUESTER,
}
# What an outsider may do in an open room; nothing anywhere else.
OPEN_TO_ALL: Final = {"join", "read", "search", "see who is here", "list people"}


def expected(kind: str, role: str, act: str) -> str:
    if role == "outsider":
        return "NOT_FOUND" if kind != "open" else "ok" if act in OPEN_TO_ALL else "UNAUTHORIZED"
    return (DIRECT_RULES if kind == "direct" else {}).get(act, RULES[act])[role]


def outcome(scene: Scene, act: str) -> str:
    try:
        ACTS[act](scene)
    except ProtocolError as error:
        return str(error.code)
    return "ok"


def state() -> list[Any]:
    """Return everything that an action could have changed."""
    models: tuple[Any, ...] = (Room, Membership, Message, Invitation, RoomBan)
    return [list(model.objects.order_by("pk").values()) for model in models]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_in_each_kind_of_room_what_the_table_says(kind: str, role: str) -> None:
    scene = Scene(kind, role)
    for act in ACTS:
        before = state()
        sid = transaction.savepoint()
        found = outcome(scene, act)
        assert found == expected(kind, role, act), f"{role} of a room that is {kind}: {act}"
        if found != "ok":
            assert state() == before, f"{act} was refused, and yet changed something"
        transaction.savepoint_rollback(sid)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "open"])
def test_an_outsider_can_never_tell_such_a_room_from_none(kind: str) -> None:
    """The same words and details for a room that is there as for one that is not."""
    said: dict[str, list[tuple[Any, ...]]] = {}
    scene = Scene(kind, "outsider")
    for act in ACTS:
        said[act] = [words(scene, act)]
    Room.objects.all().delete()
    for act in ACTS:
        said[act].append(words(scene, act))
    for act, (there, gone) in said.items():
        assert there == gone, act


def words(scene: Scene, act: str) -> tuple[Any, ...]:
    try:
        ACTS[act](scene)
    except ProtocolError as error:
        return error.code, error.message, error.details, error.retry_after
    raise AssertionError(act)


def test_somebody_who_was_removed_is_an_outsider_at_once() -> None:
    scene = Scene("closed", "member")
    Membership.objects.filter(user=scene.user).delete()
    assert {act: outcome(scene, act) for act in ACTS} == dict.fromkeys(ACTS, "NOT_FOUND")


def test_a_deactivated_person_is_found_by_nobody(alice: User) -> None:
    person("retired", is_active=False)
    for key in ("retired", str(User.objects.get(username="retired").pk), "ghost"):
        with pytest.raises(ProtocolError) as caught:
            lookup.get_user(Actor.of(alice), requests.GetUser(key))
        asked = key if key.isdigit() else f"@{key}"
        assert (str(caught.value.code), caught.value.message) == ("NOT_FOUND", f"Person not found: {asked}.")
    assert lookup.get_user(Actor.of(alice), requests.GetUser("ALICE")) == alice
    assert lookup.get_user(Actor.of(alice), requests.GetUser(str(alice.pk))) == alice
