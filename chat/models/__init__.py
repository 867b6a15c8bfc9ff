"""The rows: rooms, memberships, messages and what hangs on them. No rules and no events live here."""

from chat.models.announcement import Announcement
from chat.models.attachment import Attachment
from chat.models.ban import RoomBan
from chat.models.draft import Draft
from chat.models.finding import Finding
from chat.models.invitation import Invitation
from chat.models.mark import HistoryMark
from chat.models.member_invitation import MemberInvitation
from chat.models.membership import Membership, Role
from chat.models.message import Kind, Mention, Message, Reaction
from chat.models.reply import Reply, ReplyState
from chat.models.room import Room, RoomKind
from chat.models.sent_file import SentFile
from chat.models.spending import Charge, ChargePurpose, ChargeState, Spending
from chat.models.summary import RoomSummary
from chat.models.usage import TOKEN_KINDS, USAGE_KINDS, Usage

__all__ = [
    "TOKEN_KINDS",
    "USAGE_KINDS",
    "Announcement",
    "Attachment",
    "Charge",
    "ChargePurpose",
    "ChargeState",
    "Draft",
    "Finding",
    "HistoryMark",
    "Invitation",
    "Kind",
    "MemberInvitation",
    "Membership",
    "Mention",
    "Message",
    "Reaction",
    "Reply",
    "ReplyState",
    "Role",
    "Room",
    "RoomBan",
    "RoomKind",
    "RoomSummary",
    "SentFile",
    "Spending",
    "Usage",
]
