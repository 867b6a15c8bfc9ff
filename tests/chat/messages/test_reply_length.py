"""A reply is continued up to a length: whole, it goes to each tab that comes while it is written."""

import pytest

from accounts.models import User
from chat.access import Actor
from chat.messages import replies
from chat.models import Reply, ReplyState
from chat.protocol import requests
from chat.protocol.errors import ErrorCode
from tests.chat.claude.talk import asks, ends
from tests.chat.fixtures import refused, room_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("text", "thinking"), [(1, 0), (0, 1)])
def test_a_reply_that_is_as_long_as_one_can_be_is_not_continued(alice: User, text: int, thinking: int) -> None:
    most = replies.CONTINUED_UP_TO_CHARS
    reply = ends(asks(alice, room_of(alice, "den", "session"), "Tell me all."), "x")
    long = Reply.objects.filter(pk=reply.pk)
    actor, request = Actor.of(alice), requests.ContinueReply(str(reply.message_id))
    long.update(state=ReplyState.STOPPED, text="x" * (most // 2 + text), thinking="y" * (most // 2 + thinking))
    with refused(ErrorCode.REQUEST_FAILED) as caught:
        replies.continue_reply(actor, request)
    assert caught.value.message == "This reply is as long as a reply can be. Ask for the rest in a new prompt."
    long.update(text="x" * (most // 2), thinking="y" * (most // 2))
    assert replies.continue_reply(actor, request).state == "queued"
