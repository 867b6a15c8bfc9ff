"""What a client may ask: one struct for each request's payload. A struct's docstring is its entry in docs/protocol.md.

Unknown fields are refused: a misspelt optional field that is silently ignored is a bug no one finds.
"""

import re
from typing import Annotated, ClassVar, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chat.protocol import wire
from chat.protocol.names import LIST_CURSOR_PATTERN, ROOM_SLUG_PATTERN, ROW_ID_PATTERN
from chat.protocol.room_settings import ClaudeChoice, ClaudeOptions

_MAX_INT = 2**53 - 1  # what JavaScript can count

Slug = Annotated[str, Meta(pattern=ROOM_SLUG_PATTERN, max_length=50)]
RowId = Annotated[str, Meta(pattern=ROW_ID_PATTERN)]
UserKey = Annotated[str, Meta(min_length=1, max_length=32)]
Counter = Annotated[int, Meta(ge=0, le=_MAX_INT)]
PageSize = Annotated[int, Meta(ge=1, le=200)]
AttachmentIds = Annotated[list[Annotated[str, Meta(min_length=1, max_length=32)]], Meta(max_length=50)]
Emoji = Annotated[str, Meta(min_length=1, max_length=32)]
ClientId = Annotated[str, Meta(min_length=1, max_length=64)]
RoomName = Annotated[str, Meta(min_length=1, max_length=80)]
Topic = Annotated[str, Meta(max_length=300)]
Epoch = Annotated[str, Meta(max_length=16)]
NameQuery = Annotated[str, Meta(max_length=100)]
RoomKindName = Literal["open", "closed", "direct", "session"]
ListCursor = Annotated[str, Meta(pattern=LIST_CURSOR_PATTERN)]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Base of all payloads.

    response: the data of its response, None for a request that gets none. response_type: where it is not the request's.
    """

    response: ClassVar[type[wire.Wire] | None] = None
    response_type: ClassVar[str] = ""


class Ping(Request):
    """Asks for a `pong`."""

    response: ClassVar = wire.Nothing
    response_type: ClassVar = "pong"


class Pong(Request):
    """Replies to the server's `ping`; gets no response itself."""


class ListRooms(Request):
    """Lists the rooms that I am in, a page at a time, and asks for `unread` notifications about them from now on.

    The first page begins with the rooms that have news for me, then come the most recently active ones. `query` finds
    rooms by name; `kinds` and `rooms` narrow the list; `after` is the `next` of the page before.
    """

    response: ClassVar = wire.RoomList

    query: NameQuery = ""
    kinds: Annotated[list[RoomKindName], Meta(max_length=4)] | UnsetType = UNSET
    rooms: Annotated[list[Slug], Meta(max_length=100)] | UnsetType = UNSET
    after: ListCursor | UnsetType = UNSET
    limit: PageSize = 200


class BrowseRooms(Request):
    """Lists the open rooms that I could join, a page at a time, the most recently active first.

    `query` finds rooms by name, the best match first; `after` is the `next` of the page before.
    """

    response: ClassVar = wire.OpenRoomList

    query: NameQuery = ""
    after: ListCursor | UnsetType = UNSET
    limit: PageSize = 50


class CreateRoom(Request):
    """Creates a room. Of a direct room between the same two people there is only ever one."""

    response: ClassVar = wire.RoomFact

    kind: RoomKindName = "open"
    name: RoomName | UnsetType = UNSET
    room: Slug | UnsetType = UNSET
    topic: Topic = ""
    members: Annotated[list[UserKey], Meta(max_length=100)] = []
    claude: ClaudeOptions | UnsetType = UNSET


class UpdateRoom(Request):
    """Changes a room's name, topic, kind (open or closed), or how Claude behaves in it."""

    response: ClassVar = wire.RoomFact

    room: Slug
    name: RoomName | UnsetType = UNSET
    topic: Topic | UnsetType = UNSET
    kind: Literal["open", "closed"] | UnsetType = UNSET
    claude: ClaudeOptions | UnsetType = UNSET


class ArchiveRoom(Request):
    """Makes a room read-only: nothing is posted, edited, reacted to or renamed in it any more."""

    response: ClassVar = wire.RoomFact

    room: Slug


class RestoreRoom(Request):
    """Opens an archived room again, also one that is about to be deleted."""

    response: ClassVar = wire.RoomFact

    room: Slug


class DeleteRoom(Request):
    """Archives a room, and deletes it with everything in it some days later, unless it is restored before."""

    response: ClassVar = wire.RoomFact

    room: Slug


class MuteRoom(Request):
    """Marks a room as muted, or not: my tabs then count its news quietly. Mentions still reach me."""

    response: ClassVar = wire.MutedFact

    room: Slug
    muted: bool


class JoinRoom(Request):
    """Subscribes this connection to a room; in an open room it also makes me a member.

    With `after` and `epoch` the response brings what changed since; otherwise the newest messages.
    """

    response: ClassVar = wire.Joined
    response_type: ClassVar = "joined"

    room: Slug
    after: Counter | UnsetType = UNSET
    epoch: Epoch | UnsetType = UNSET


class LeaveRoom(Request):
    """Ends this connection's subscription; membership stays."""

    response: ClassVar = wire.Left
    response_type: ClassVar = "left"

    room: Slug


class QuitRoom(Request):
    """Ends my membership."""

    response: ClassVar = wire.MembershipFact

    room: Slug


class QuitRooms(Request):
    """Ends my membership in several rooms, each for itself."""

    response: ClassVar = wire.RoomsLeft

    rooms: Annotated[list[Slug], Meta(min_length=1, max_length=100)]


class AddMember(Request):
    """Makes someone a member."""

    response: ClassVar = wire.MembershipFact

    room: Slug
    user: UserKey
    role: Literal["owner", "moderator", "member"] = "member"


class ListInvitations(Request):
    """Lists the invitations to rooms that I have neither accepted nor declined."""

    response: ClassVar = wire.InvitationList


class AcceptInvitation(Request):
    """Makes me a member of a room that has invited me."""

    response: ClassVar = wire.MembershipFact

    room: Slug


class DeclineInvitation(Request):
    """Refuses an invitation. For seven days the room can't invite me again."""

    response: ClassVar = wire.MembershipFact

    room: Slug


class RemoveMember(Request):
    """Ends someone's membership; their tabs get nothing more of the room."""

    response: ClassVar = wire.MembershipFact

    room: Slug
    user: UserKey


class SetRole(Request):
    """Changes a member's role."""

    response: ClassVar = wire.MembershipFact

    room: Slug
    user: UserKey
    role: Literal["owner", "moderator", "member"]


class BanMember(Request):
    """Keeps a person out of a room, member or not. Their tabs get nothing more of it. `until`: milliseconds."""

    response: ClassVar = wire.BanFact

    room: Slug
    user: UserKey
    reason: Annotated[str, Meta(max_length=200)] = ""
    until: Counter | UnsetType = UNSET


class UnbanMember(Request):
    """Lifts a ban: the person may come back, but is not a member again yet."""

    response: ClassVar = wire.MembershipFact

    room: Slug
    user: UserKey


class ListBans(Request):
    """Lists the bans of a room that are in force, newest first."""

    response: ClassVar = wire.BanList

    room: Slug
    before: RowId | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class GetMessages(Request):
    """Reads a page of history: the newest, or those before, after or around a `seq`."""

    response: ClassVar = wire.MessagePage

    room: Slug
    limit: PageSize = 50
    before: Counter | UnsetType = UNSET
    after: Counter | UnsetType = UNSET
    around: Counter | UnsetType = UNSET

    def __post_init__(self) -> None:
        if sum(bound is not UNSET for bound in (self.before, self.after, self.around)) > 1:
            raise ValueError("give one of before, after and around")


class SyncCursor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    change: Counter
    epoch: Epoch


class Sync(Request):
    """Recovers several rooms at once: what changed in each since its cursor."""

    response: ClassVar = wire.SyncResult

    rooms: Annotated[dict[Slug, SyncCursor], Meta(max_length=200)]


class CreateMessage(Request):
    """Posts a message. The same `clientId` (else the frame's `id`) is stored once, however often it is sent."""

    response: ClassVar = wire.MessageResponse

    room: Slug
    content: str
    clientId: ClientId | UnsetType = UNSET
    replyTo: RowId | UnsetType = UNSET
    attachments: AttachmentIds = []
    claude: ClaudeChoice | UnsetType = UNSET


class EditMessage(Request):
    """Changes the content of a message of mine. `forget`: what a prompt said before is not kept for me, either."""

    response: ClassVar = wire.MessageResponse

    message: RowId
    content: str
    forget: bool = False


class DeleteMessage(Request):
    """Deletes a message of mine, or, as moderator, anybody's. A tombstone stays."""

    response: ClassVar = wire.MessageResponse

    message: RowId


class AddReaction(Request):
    """Puts an emoji on a message."""

    response: ClassVar = wire.MessageResponse

    message: RowId
    emoji: Emoji


class RemoveReaction(Request):
    """Takes my emoji off a message."""

    response: ClassVar = wire.MessageResponse

    message: RowId
    emoji: Emoji


class OwnReactions(Request):
    """Tells which emoji I have put on a message. Its `reactions` name only some where many did."""

    response: ClassVar = wire.OwnEmoji

    message: RowId


class SearchMessages(Request):
    """Finds messages in my rooms, newest first."""

    response: ClassVar = wire.SearchResult

    query: Annotated[str, Meta(min_length=1, max_length=200)]
    room: Slug | UnsetType = UNSET
    before: RowId | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class MarkRead(Request):
    """Sets how far I have read; lower than before marks as unread."""

    response: ClassVar = wire.ReadFact

    room: Slug
    seq: Counter


class Typing(Request):
    """Tells the others in the room that I am typing, or not any more."""

    response: ClassVar = wire.Nothing

    room: Slug
    typing: bool


class SaveDraft(Request):
    """Keeps unsent text, for my other tabs, or in a session for everyone's. The version must grow, and not by too much."""

    response: ClassVar = wire.DraftFact

    room: Slug
    content: str
    version: Counter


class GetUser(Request):
    """Looks a person up."""

    response: ClassVar = wire.UserResponse

    userId: UserKey


class ListPresence(Request):
    """Lists who has the room open now."""

    response: ClassVar = wire.PresenceFact

    room: Slug


class Execute(Request):
    """Stores a prompt and has Claude reply to it, at once or when its turn comes. Joins the session if need be.

    The same `clientId` (else the frame's `id`) is stored once, however often it is sent.
    """

    response: ClassVar = wire.ExecuteResponse

    session: Slug
    prompt: str
    clientId: ClientId | UnsetType = UNSET
    attachments: AttachmentIds = []
    claude: ClaudeChoice | UnsetType = UNSET


class EstimatePrompt(Request):
    """Tells what Claude's reply to a text would cost in a room, about and at most, before it is sent."""

    response: ClassVar = wire.PromptEstimate

    room: Slug
    content: str
    attachments: AttachmentIds = []
    claude: ClaudeChoice | UnsetType = UNSET


class ListModels(Request):
    """Lists the models that a prompt may choose."""

    response: ClassVar = wire.ModelList


class StopReply(Request):
    """Stops a reply of Claude's that runs or waits; what it has said is kept."""

    response: ClassVar = wire.ReplyResponse

    message: RowId


class RetryReply(Request):
    """Has Claude reply again: another version of its message. The earlier ones are kept.

    Without `claude`, it replies as the version that is shown was asked to.
    """

    response: ClassVar = wire.ReplyResponse

    message: RowId
    claude: ClaudeChoice | UnsetType = UNSET


class ContinueReply(Request):
    """Takes a reply up again that was stopped, interrupted or cut by its length, in the same message."""

    response: ClassVar = wire.ReplyResponse

    message: RowId


class ShowVersion(Request):
    """Shows another version of a reply to all, and if the prompt is mine, brings back what I had asked then."""

    response: ClassVar = wire.MessageResponse

    message: RowId
    version: Annotated[int, Meta(ge=1, le=10_000)]


class GetStream(Request):
    """Asks for a reply's keyframe: all of its text up to delta `n`."""

    response: ClassVar = wire.Keyframe

    message: RowId


def _type_of(payload: type[Request]) -> str:
    """Return a request's type, which is its struct's name as protocol words are written: CreateRoom is create_room."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", payload.__name__).lower()


PAYLOADS: Final = {_type_of(payload): payload for payload in Request.__subclasses__()}
"""Request type -> its struct: each subclass above, so a new request needs no line here."""

ALIASES: dict[str, str] = {
    "join": "join_room",
    "subscribe": "join_room",
    "leave": "leave_room",
    "unsubscribe": "leave_room",
    "chat": "create_message",
    "room_message": "create_message",
}
