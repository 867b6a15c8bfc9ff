"""Who may do what with Claude's replies, and with what their prompts said before: docs/protocol.md's table, cell by cell.

Pressing Retry, Continue or Stop on a reply to another person gives no right over it.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest
from django.db import transaction

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.markdown import render
from chat.messages import changes, exporting, history, replies
from chat.models import Membership, Message, Reply, ReplyState
from chat.protocol import requests
from chat.protocol.errors import ErrorCode, ProtocolError
from chat.search import search
from tests.chat.claude.talk import asks, ends
from tests.chat.conftest import person
from tests.chat.fixtures import refused, room_of
from tests.docs.settings_read import REPOSITORY

pytestmark = pytest.mark.django_db

OLD: Final = "my password is hunter2"
NEW: Final = "what is a password?"
PEOPLE: Final = ("asker", "requester", "member", "moderator", "owner", "ex-member", "stranger")


class Scene:
    """asker's prompt, to which Claude has replied; it was edited, and `requester` retried and stopped the new version."""

    def __init__(self) -> None:
        self.people = {name: person(name) for name in PEOPLE}
        self.room = room_of(
            self.people["owner"], "den", "session", moderators=[self.people["moderator"]],
            members=[self.people[name] for name in ("asker", "requester", "member", "ex-member")],
        )  # fmt: skip
        reply = ends(asks(self.people["asker"], self.room, OLD), "Change it.")
        self.message, self.prompt = str(reply.message_id), str(reply.prompt_id)
        changes.edit_message(self.actor("asker"), self.prompt, NEW, f"<p>{NEW}</p>")
        self.stop("requester")
        replies.retry_reply(self.actor("requester"), requests.RetryReply(self.message))
        self.stop("requester")
        Reply.objects.filter(message=int(self.message), version=3).update(text="A pass")
        Membership.objects.filter(user=self.people["ex-member"]).delete()

    def actor(self, who: str) -> Actor:
        return Actor.of(self.people[who])

    def stop(self, who: str) -> None:
        replies.stop_reply(self.actor(who), requests.StopReply(self.message))

    def show(self, who: str, version: int) -> None:
        request = requests.ShowVersion(self.message, version)
        text, prompt = replies.version_text(self.actor(who), request)
        replies.show_version(self.actor(who), request, render(text), render(prompt))

    @property
    def prompt_says(self) -> str:
        return Message.objects.get(pk=self.prompt).content


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


def restored(scene: Scene, who: str) -> None:
    scene.show(who, 1)
    if scene.prompt_says != OLD:
        raise ProtocolError(ErrorCode.UNAUTHORIZED, "The old text did not come back.")


ACTS: Final[dict[str, Callable[[Scene, str], Any]]] = {
    "stop": lambda scene, who: scene.stop(who),
    "retry": lambda scene, who: replies.retry_reply(scene.actor(who), requests.RetryReply(scene.message)),
    "continue": lambda scene, who: replies.continue_reply(scene.actor(who), requests.ContinueReply(scene.message)),
    "show another version": lambda scene, who: scene.show(who, 2),
    "bring back what the prompt said": restored,
    "edit the prompt": lambda scene, who: changes.edit_message(scene.actor(who), scene.prompt, "x", ""),
    "edit the reply": lambda scene, who: changes.edit_message(scene.actor(who), scene.message, "x", ""),
    "delete the prompt": lambda scene, who: changes.delete_message(
        scene.actor(who), requests.DeleteMessage(scene.prompt)
    ),
    "delete the reply": lambda scene, who: changes.delete_message(
        scene.actor(who), requests.DeleteMessage(scene.message)
    ),
}
MEMBERS: Final = {"asker", "requester", "member", "moderator", "owner"}
MAY: Final[dict[str, set[str]]] = {
    "stop": MEMBERS,
    "retry": MEMBERS,
    "continue": MEMBERS,
    "show another version": MEMBERS,
    "bring back what the prompt said": {"asker"},
    "edit the prompt": {"asker"},
    "edit the reply": set(),
    "delete the prompt": {"asker", "moderator", "owner"},
    "delete the reply": {"asker", "moderator", "owner"},
}


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("act", ACTS)
def test_each_person_may_do_what_the_table_says(scene: Scene, act: str, who: str) -> None:
    before = list(Message.objects.order_by("pk").values())
    sid = transaction.savepoint()
    try:
        ACTS[act](scene, who)
        found = "ok"
    except ProtocolError as error:
        found = str(error.code)
        transaction.savepoint_rollback(sid)
        assert list(Message.objects.order_by("pk").values()) == before
    outsider = who in ("ex-member", "stranger")
    assert found == ("ok" if who in MAY[act] else "NOT_FOUND" if outsider else "UNAUTHORIZED")


def test_the_page_has_the_same_table() -> None:
    page = (REPOSITORY / "docs/protocol.md").read_text()
    heading = "| | the prompt's author | the last requester | other members | moderators, owners | others |\n"
    table = page.split(heading)[1].split("\n\n")[0]
    rows = {
        cells[0]: cells[1:] for cells in (re.findall(r"[^|]+", line.replace(" ", "")) for line in table.split("\n")[1:])
    }
    columns = ("asker", "requester", "member", "moderator", "stranger")
    shown = {act: ["yes" if who in may else "no" for who in columns] for act, may in MAY.items()}
    assert rows == {act.replace(" ", ""): cells for act, cells in shown.items()}


TAKEOVERS: Final = (
    ("retry", "stop", "delete the reply"),
    ("continue", "stop", "delete the reply"),
    ("retry", "stop", "continue", "stop", "delete the reply"),
    ("show another version", "retry", "stop", "delete the reply"),
    ("stop", "retry", "delete the reply"),
)


@pytest.mark.parametrize("acts", TAKEOVERS, ids=" ".join)
@pytest.mark.parametrize("state", [ReplyState.COMPLETE, ReplyState.STOPPED, ReplyState.INTERRUPTED, ReplyState.FAILED])
def test_no_sequence_of_rights_that_all_have_adds_up_to_deleting(
    scene: Scene, acts: tuple[str, ...], state: ReplyState
) -> None:
    Reply.objects.filter(message=int(scene.message), version=3).update(
        state=state, stop_reason="max_tokens", text="" if state == ReplyState.FAILED else "A pass"
    )
    for act in acts[:-1]:
        with suppress(ProtocolError):  # there may be nothing to continue, or Claude replies already
            ACTS[act](scene, "member")
        if act in ("retry", "continue"):
            Reply.objects.filter(message=int(scene.message), state=ReplyState.QUEUED).update(text="something")
    with refused(ErrorCode.UNAUTHORIZED):
        ACTS[acts[-1]](scene, "member")
    assert Message.objects.get(pk=scene.message).deleted_at is None
    # The asker has lost nothing by it.
    scene.stop("asker")
    ACTS["delete the reply"](scene, "asker")


def test_of_an_account_that_is_gone_only_moderators_delete_the_replies(scene: Scene) -> None:
    scene.people["asker"].delete()
    for who in ("requester", "member"):
        with refused(ErrorCode.UNAUTHORIZED):
            ACTS["delete the reply"](scene, who)
    ACTS["delete the reply"](scene, "moderator")


# --- What a prompt said before -------------------------------------------------------------------------------------------


def test_for_others_an_earlier_version_is_shown_beside_the_prompt_as_it_is(scene: Scene) -> None:
    for who in ("requester", "moderator", "owner"):
        scene.show(who, 1)
        assert (scene.prompt_says, Message.objects.get(pk=scene.message).content) == (NEW, "Change it.")
        scene.show(who, 3)


def test_the_author_sees_prompt_and_reply_belong_together(scene: Scene) -> None:
    scene.show("asker", 1)
    assert (scene.prompt_says, Message.objects.get(pk=scene.message).content) == (OLD, "Change it.")
    scene.show("asker", 2)
    assert scene.prompt_says == NEW


def test_an_earlier_text_that_comes_back_mentions_whom_it_named(scene: Scene) -> None:
    Reply.objects.filter(message=int(scene.message), version=1).update(prompt_content="@member knows")
    scene.show("asker", 1)
    prompt = Message.objects.get(pk=scene.prompt)
    assert [mention.user.username for mention in prompt.mentions.all()] == ["member"]
    scene.show("asker", 2)
    assert not prompt.mentions.exists()


def test_an_edit_that_forgets_leaves_the_old_text_nowhere(scene: Scene) -> None:
    scene.stop("asker")
    changes.edit_message(scene.actor("asker"), scene.prompt, "never mind", "", forget=True)
    scene.stop("asker")
    assert not Reply.objects.filter(prompt_content__in=(OLD, NEW)).exists()
    scene.show("asker", 1)
    assert (scene.prompt_says, Message.objects.get(pk=scene.message).content) == ("never mind", "Change it.")


def test_an_edit_that_forgets_while_the_reply_waits_keeps_the_text_that_waits(scene: Scene) -> None:
    replies.retry_reply(scene.actor("asker"), requests.RetryReply(scene.message))
    changes.edit_message(scene.actor("asker"), scene.prompt, "newest", "", forget=True)
    kept = Reply.objects.filter(message=int(scene.message)).order_by("version").values_list("prompt_content", flat=True)
    assert list(kept) == ["", "", "", "newest"]


def test_only_the_author_forgets(scene: Scene) -> None:
    with refused(ErrorCode.UNAUTHORIZED):
        changes.edit_message(scene.actor("owner"), scene.prompt, "x", "", forget=True)
    assert Reply.objects.filter(prompt_content=OLD).exists()


def test_a_deleted_prompt_leaves_its_old_text_nowhere(scene: Scene) -> None:
    ACTS["delete the prompt"](scene, "asker")
    assert not Reply.objects.exclude(prompt_content="").exists()
    scene.show("asker", 1)
    assert scene.prompt_says == ""


def test_the_old_text_is_in_nothing_that_people_can_read(scene: Scene) -> None:
    reader: User = scene.people["owner"]
    actor = Actor.of(reader)
    scene.show("owner", 1)
    room = access.room_for(actor, "den")
    shown = [
        history.page(actor, requests.GetMessages("den")),
        exporting.batch(actor, "den", 0, room.change),
        search.search_messages(actor, requests.SearchMessages("hunter2")),
        history.sync(actor, requests.Sync({"den": requests.SyncCursor(0, room.epoch)})),
        replies.state_of(actor, scene.message),
    ]
    assert not [each for each in shown if "hunter2" in repr(each)]
