"""What is said to whom: read from the database only when it is sent, since much may have changed by then."""

import json
from collections.abc import Mapping
from typing import Final, NamedTuple

from django.templatetags.static import static
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts import push_subscriptions
from accounts.models import PushSubscription
from accounts.vapid import to_base64url
from chat.markdown.rendered_text import rendered_text
from chat.models import Kind, Membership, Message, RoomKind
from chat.quotes import ATTACHMENT, excerpt_of
from chat.shown_names import isolated, shown_name

_TITLE_CHARS: Final = 100
# A push service takes up to 32 characters of base64url.
_TOPIC_BYTES: Final = 18


class Place(NamedTuple):
    """One person's view of one room: of each only the newest news are told."""

    user_id: int
    slug: str


class News(NamedTuple):
    """The newest message that concerns someone in a room, and the newest that mentions them, by id."""

    newest: int
    mention: int | None


class Push(NamedTuple):
    """One notification for one browser: where it goes, by what it is encrypted, and its text (JSON)."""

    subscription_id: int
    place: Place
    endpoint: str
    p256dh: str
    auth: str
    payload: str
    topic: str


def pushes_for(news: Mapping[Place, News]) -> list[Push]:
    """Return what is to be sent of these news now: nothing to people who want nothing, who have left the room or read on.

    One query when no one of them wants any; never more than five.
    """
    subscriptions = push_subscriptions.living({place.user_id for place in news})
    if not subscriptions:
        return []
    browsers: dict[int, list[PushSubscription]] = {}
    for subscription in subscriptions:
        browsers.setdefault(subscription.user_id, []).append(subscription)
    wanted = {place: each for place, each in news.items() if place.user_id in browsers}
    messages = _messages(wanted)
    memberships = _memberships(wanted)
    found: list[Push] = []
    for place, each in wanted.items():
        message = _to_tell(each, memberships.get(place), messages)
        if message is not None:
            found += [_push(place, message, browser) for browser in browsers[place.user_id]]
    return found


def _messages(news: Mapping[Place, News]) -> dict[int, Message]:
    ids = {message_id for each in news.values() for message_id in each if message_id is not None}
    rows = Message.objects.filter(kind=Kind.TEXT, deleted_at=None, room__archived_at=None)
    return rows.select_related("room", "author").in_bulk(ids)


def _memberships(news: Mapping[Place, News]) -> dict[Place, Membership]:
    people, slugs = {place.user_id for place in news}, {place.slug for place in news}
    rows = Membership.objects.filter(user__in=people, room__slug__in=slugs).select_related("room")
    return {Place(row.user_id, row.room.slug): row for row in rows}


def _to_tell(news: News, membership: Membership | None, messages: Mapping[int, Message]) -> Message | None:
    """Return the message to tell of. Muted rooms count as in the list of rooms: only where one is mentioned."""
    if membership is None:
        return None
    message_id = news.mention if membership.muted else news.newest
    message = None if message_id is None else messages.get(message_id)
    if message is None and news.mention is not None:
        message = messages.get(news.mention)  # the newest was deleted meanwhile
    if message is None or message.seq <= membership.last_read_seq or message.author_id == membership.user_id:
        return None
    return message


def _push(place: Place, message: Message, browser: PushSubscription) -> Push:
    # The same for all news of one person in one room, so that a service keeps the newest; and it says nothing to others.
    topic = salted_hmac("parley push topic", f"{place.user_id}/{place.slug}", algorithm="sha256").digest()
    return Push(
        browser.pk,
        place,
        browser.endpoint,
        browser.p256dh,
        browser.auth,
        json.dumps(told(message), ensure_ascii=False, separators=(",", ":")),
        to_base64url(topic[:_TOPIC_BYTES]),
    )


def told(message: Message) -> dict[str, str]:
    """Return what the service worker shows: `title`, `body`, `url`, `tag` (one for each room) and `icon`."""
    author = "Someone" if message.author is None else shown_name(message.author)
    room = message.room
    title = author if room.kind == RoomKind.DIRECT else f"{isolated(author)} in {isolated(room.name)}"
    return {
        "title": title if len(title) <= _TITLE_CHARS else title[: _TITLE_CHARS - 1] + "…",
        "body": excerpt_of(rendered_text(message.html)) or ATTACHMENT,
        "url": f"{reverse('room', args=[room.slug])}?seq={message.seq}",
        "tag": f"room:{room.slug}",
        "icon": static("chat/img/icon-192.png"),
    }
