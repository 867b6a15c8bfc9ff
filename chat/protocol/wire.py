"""What the server sends: the shapes of rooms, messages and people, and of every event and response.

Field names are the wire's (camelCase), so that what is read here is what a client sees. Absent optional fields are
left out of the JSON (`UNSET`); times are milliseconds since the epoch; ids are strings.
"""

from typing import Any

from msgspec import UNSET, UnsetType

from chat.protocol.base import Id, Millis
from chat.protocol.base import Wire as Wire  # noqa: PLC0414 - the base of all that stands here, for others too
from chat.protocol.room_settings import ClaudeSettings


class UserRef(Wire):
    """A person. `username` identifies them; `displayName` is what they want to be called, absent if nothing else."""

    id: Id
    username: str
    displayName: str | UnsetType = UNSET

    @classmethod
    def of(cls, user_id: int, username: str, display_name: str) -> "UserRef":
        """Return the reference to a person; `display_name` may be empty."""
        return cls(str(user_id), username, UNSET if display_name in ("", username) else display_name)


class OnlineUser(Wire):
    id: Id
    username: str
    tabs: int
    displayName: str | UnsetType = UNSET


class User(Wire):
    id: Id
    username: str
    displayName: str
    online: bool


class Draft(Wire):
    """Unsent text. `user` is who wrote it last, where others write in it too: in sessions."""

    content: str
    version: int
    user: UserRef | UnsetType = UNSET


class Room(Wire):
    """unreachable: true where the other person of a direct room can't use Parley any more. Nothing is posted there."""

    slug: str
    name: str
    kind: str
    topic: str
    change: int
    epoch: str
    createdAt: Millis
    archivedAt: Millis | UnsetType = UNSET
    deletesAt: Millis | UnsetType = UNSET
    lastMessageAt: Millis | UnsetType = UNSET
    members: list[UserRef] | UnsetType = UNSET
    claude: ClaudeSettings | UnsetType = UNSET
    unreachable: bool | UnsetType = UNSET


class ListedRoom(Room):
    """A room of mine, with what concerns only me. `unread` and `mentions` stop counting at 100.

    `activeAt` is what lists are ordered by: the last message, else the room's beginning, or when I joined if that is later.
    `hasDraft` stands for a `draft` that did not fit into the list: `joined` brings it.
    """

    role: str = "member"
    unread: int = 0
    mentions: int = 0
    lastReadSeq: int = 0
    muted: bool = False
    draft: Draft | UnsetType = UNSET
    activeAt: Millis | UnsetType = UNSET
    hasDraft: bool | UnsetType = UNSET


class OpenRoom(Room):
    """A room that I could join."""

    peopleCount: int = 0


class ReplyTo(Wire):
    id: Id
    seq: int
    author: UserRef | None
    excerpt: str
    deleted: bool


class Reaction(Wire):
    """`users` are the first who put it there, at most 20; `count` tells how many they are, where there are more."""

    emoji: str
    users: list[UserRef]
    count: int | UnsetType = UNSET


class Usage(Wire):
    """cacheCreation1hInputTokens: how many of those that were written to the cache it keeps for an hour."""

    inputTokens: int
    outputTokens: int
    cacheCreationInputTokens: int
    cacheReadInputTokens: int
    cacheCreation1hInputTokens: int | UnsetType = UNSET
    webSearchRequests: int | UnsetType = UNSET


class PromptEstimate(Wire):
    """likely, most: in millionths of a US dollar; 0 for the demo model. promptTokens: what Claude would read, about."""

    room: str
    model: str
    likely: int
    most: int
    promptTokens: int


class OfferedModel(Wire):
    """A model that may be chosen. efforts: those that it takes. canSkipThinking: its thinking can be switched off.

    warning: what people should know who choose it, such as the day on which it retires.
    """

    id: str
    name: str
    efforts: list[str]
    canSkipThinking: bool
    warning: str | UnsetType = UNSET


class ModelList(Wire):
    """The models that may be chosen here; none where only the demo model replies."""

    models: list[OfferedModel]


class WebPage(Wire):
    """A page of the web. `url` begins with http:// or https://; the title is what the page calls itself, or empty."""

    title: str
    url: str


class ToolUse(Wire):
    """A tool that Claude has used: what it asked, the beginning of what it got, and the pages of the web in that.

    result: empty while a lookup on the web runs. replaces: in a delta, the place among the reply's tools, from 0, of the
    lookup that has ended with this.
    """

    name: str
    input: str
    result: str
    pages: list[WebPage] | UnsetType = UNSET
    replaces: int | UnsetType = UNSET

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "ToolUse":
        """Return a use as a row keeps it."""
        pages = [WebPage(**page) for page in kept.get("pages", ())]
        return cls(kept["name"], kept["input"], kept["result"], pages or UNSET)


class Reply(Wire):
    """What makes a message Claude's reply.

    state: `queued`, `running`, `complete`, `stopped`, `interrupted` or `failed`; `change` is the room's change at
    which it became so. version counts from 1 to versions. n: deltas sent so far, so a stream that starts here goes on
    with n + 1. cost: in millionths of a US dollar. contextFrom: the `seq` from which on Claude saw the room.
    goneModel: was chosen for this prompt, and isn't offered any more, so that `model` replied.
    """

    state: str
    change: int
    version: int
    versions: int
    attempt: int
    n: int
    model: str
    demo: bool
    requestedBy: UserRef | None
    prompt: Id | UnsetType = UNSET
    thinking: str | UnsetType = UNSET
    tools: list[ToolUse] | UnsetType = UNSET
    usage: Usage | UnsetType = UNSET
    cost: int | UnsetType = UNSET
    stopReason: str | UnsetType = UNSET
    stoppedBy: UserRef | UnsetType = UNSET
    error: str | UnsetType = UNSET
    contextFrom: int | UnsetType = UNSET
    effort: str | UnsetType = UNSET
    summarised: bool | UnsetType = UNSET
    startedAt: Millis | UnsetType = UNSET
    endedAt: Millis | UnsetType = UNSET
    withoutThinking: bool | UnsetType = UNSET
    goneModel: str | UnsetType = UNSET


class Attachment(Wire):
    """A file in a message. With a width and height it is a picture, and `url?preview` a small one of it.

    claudeReads: whether Claude can read it, and claudeReason why not, or not all of it at once. Told to who uploads it.
    """

    id: Id
    name: str
    contentType: str
    size: int
    url: str
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    claudeReads: bool | UnsetType = UNSET
    claudeReason: str | UnsetType = UNSET


class Message(Wire, kw_only=True):
    """`html` is the content made safe to show. What ends a stream leaves it out, since its text has just been
    streamed, unless that is shown as it was written.

    by: who added or removed the author, in notices of kind `join` and `leave` whose content is that user name.
    """

    id: Id
    room: str
    seq: int
    change: int
    kind: str
    author: UserRef | None
    content: str
    html: str | UnsetType = UNSET
    createdAt: Millis
    reactions: list[Reaction]
    mentions: list[Id]
    clientId: str | UnsetType = UNSET
    replyTo: ReplyTo | UnsetType = UNSET
    editedAt: Millis | UnsetType = UNSET
    deletedAt: Millis | UnsetType = UNSET
    reply: Reply | UnsetType = UNSET
    attachments: list[Attachment] | UnsetType = UNSET
    by: UserRef | UnsetType = UNSET


class Keyframe(Wire):
    """All that a reply's `version` has said up to delta `n`, in its `attempt`."""

    messageId: Id
    version: int
    attempt: int
    n: int
    text: str
    thinking: str
    state: str
    tools: list[ToolUse] | UnsetType = UNSET


class Heartbeat(Wire):
    interval: Millis
    timeout: Millis


class Limits(Wire):
    frameBytes: int
    contentChars: int


class Welcome(Wire):
    connectionId: str
    user: UserRef
    protocol: int
    serverTime: Millis
    heartbeat: Heartbeat
    limits: Limits


class Nothing(Wire):
    pass


class RoomList(Wire):
    """A page of my rooms. `next` leads to the following page; `total` counts the rooms of all pages."""

    rooms: list[ListedRoom]
    hasMore: bool = False
    total: int = 0
    next: str | UnsetType = UNSET


class OpenRoomList(Wire):
    """A page of open rooms. `next` leads to the following page; `total` counts the rooms of all pages."""

    rooms: list[OpenRoom]
    hasMore: bool = False
    total: int = 0
    next: str | UnsetType = UNSET


class RoomFact(Wire):
    """About a room as a whole: the created room, or `room_updated`. invited: those who were asked instead of added."""

    room: Room
    invited: list[UserRef] | UnsetType = UNSET


class Joined(Wire):
    """`online` names those who have been here longest, at most 200; `onlineCount` counts all, each person once."""

    room: Room
    role: str
    change: int
    epoch: str
    online: list[OnlineUser]
    onlineCount: int
    messages: list[Message]
    reset: bool
    hasMore: bool
    lastReadSeq: int
    streams: list[Keyframe]
    draft: Draft | UnsetType = UNSET


class Left(Wire):
    room: str


class MembershipFact(Wire):
    """`role` is null when the person isn't a member. pending: they were invited, and become one if they accept."""

    room: str
    user: UserRef
    role: str | None
    pending: bool | UnsetType = UNSET


class Ban(Wire):
    """A ban from a room that is in force. `by` is null when that account is gone; without `endsAt` it has no end."""

    id: Id
    user: UserRef
    reason: str
    by: UserRef | None
    createdAt: Millis
    endsAt: Millis | UnsetType = UNSET


class BanFact(Wire):
    room: str
    ban: Ban


class BanList(Wire):
    room: str
    bans: list[Ban]
    hasMore: bool


class MutedFact(Wire):
    room: str
    muted: bool


class MessagePage(Wire):
    room: str
    messages: list[Message]
    hasMore: bool
    hasNewer: bool


class Recovery(Wire):
    """What changed in one room, or only `error` when the room may not be seen."""

    messages: list[Message] | UnsetType = UNSET
    change: int | UnsetType = UNSET
    epoch: str | UnsetType = UNSET
    reset: bool | UnsetType = UNSET
    hasMore: bool | UnsetType = UNSET
    error: str | UnsetType = UNSET


class SyncResult(Wire):
    rooms: dict[str, Recovery]


class MessageResponse(Wire):
    message: Message


class MessageEvent(Wire):
    """`new_message` and `message_updated`: the one event of a durable change."""

    room: str
    change: int
    message: Message


class OwnEmoji(Wire):
    """The emoji that I have put on a message."""

    message: Id
    emoji: list[str]


class SearchHit(Wire):
    message: Message
    excerpt: str


class SearchResult(Wire):
    hits: list[SearchHit]
    hasMore: bool


class ReadFact(Wire):
    room: str
    lastReadSeq: int
    unread: int
    mentions: int


class DraftFact(Wire):
    room: str
    content: str
    version: int
    user: UserRef


class TypingFact(Wire):
    room: str
    user: UserRef
    typing: bool


class UserResponse(Wire):
    user: User


class PresenceFact(Wire):
    """As in `joined`, `online` is the beginning of the list and `onlineCount` the number of all."""

    room: str
    online: list[OnlineUser]
    onlineCount: int


class PersonEvent(Wire):
    """`user_joined` and `user_left`: a person's first tab in the room, and the last one gone."""

    room: str
    user: UserRef


class TabEvent(Wire):
    user: UserRef
    connectionId: str
    tabs: int
    room: str | UnsetType = UNSET


class Invitation(Wire):
    """An invitation to a person, who isn't a member of the room yet and sees no more of it than this."""

    room: str
    name: str
    kind: str
    role: str
    by: UserRef | None
    at: Millis


class InvitationList(Wire):
    invitations: list[Invitation]


class Notification(Wire):
    """total: of kind `unread`, the counts as they are now, up to the message `seq`: they take the place of those shown."""

    kind: str
    room: str | UnsetType = UNSET
    message: Message | UnsetType = UNSET
    id: Id | UnsetType = UNSET
    text: str | UnsetType = UNSET
    count: int | UnsetType = UNSET
    mentions: int | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    muted: bool | UnsetType = UNSET
    invitation: Invitation | UnsetType = UNSET
    total: ReadFact | UnsetType = UNSET


class ExecuteResponse(Wire):
    """The stored prompt, and Claude's message that will be the reply."""

    message: Message
    reply: Message


class ReplyResponse(Wire):
    """Claude's message, and its reply's state once more."""

    message: Message
    state: str


class StreamStart(Wire):
    room: str
    message: Message
    requestedBy: UserRef | None
    model: str
    change: int


class StreamDelta(Wire):
    """The next words of a reply's `version`. `n` counts them from 1; `thinking` and `tool` come before and between."""

    room: str
    messageId: Id
    version: int
    attempt: int
    n: int
    text: str
    thinking: str | UnsetType = UNSET
    tool: ToolUse | UnsetType = UNSET


class StreamEnd(Wire):
    room: str
    message: Message
    usage: Usage
    stopReason: str
    change: int


class StreamFailure(Wire):
    """The `data` of an `error` event with STREAM_ERROR: a reply that failed or was interrupted."""

    room: str
    message: Message
    change: int


class Closed(Wire):
    """The last of a stream of server-sent events: the code that a socket would be closed with."""

    code: int
    reason: str


class ServerDraining(Wire):
    reconnectAfter: Millis


class ErrorBody(Wire):
    code: str
    message: str
    details: dict[str, Any] | UnsetType = UNSET
    retryAfter: Millis | UnsetType = UNSET


class Leaving(Wire):
    """How leaving one of several rooms went: `error` says why it was not left."""

    room: str
    left: bool
    error: ErrorBody | UnsetType = UNSET


class RoomsLeft(Wire):
    """One result for each room, in the order of the request."""

    results: list[Leaving]


class Ok(Wire):
    """The envelope of a response or an event. `type` names the request, or the event."""

    type: str
    timestamp: Millis
    data: Any
    success: bool = True
    requestId: str | int | UnsetType = UNSET


class Failure(Wire):
    timestamp: Millis
    error: ErrorBody
    type: str = "error"
    success: bool = False
    requestId: str | int | UnsetType = UNSET
    data: Any = UNSET
