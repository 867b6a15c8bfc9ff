"""Claude's tool for the members of its room."""

from typing import Any, Final

import msgspec

from chat.claude.reading import transcript
from chat.claude.tools.tool import Tool, ToolResult
from chat.models import Membership, Role

_MEMBERS_AT_MOST: Final = 200


class NoInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    pass


def _list(input: dict[str, Any], room_id: int, before_seq: int) -> ToolResult:  # noqa: A002 - as in the Messages API
    msgspec.convert(input, NoInput)
    members = Membership.objects.active().filter(room_id=room_id).select_related("user")
    count = members.count()
    shown = sorted(members.order_by("user__username")[:_MEMBERS_AT_MOST], key=lambda each: -Role(each.role).rank)
    told = [_member(each) for each in shown]
    if count > len(shown):
        told.append(f"and {count - len(shown)} more")
    return ToolResult("\n".join(told), "1 member" if count == 1 else f"{count} members")


def _member(membership: Membership) -> str:
    user = membership.user
    called = f", called {transcript.one_line(user.display_name)}" if user.display_name else ""
    return f"@{transcript.speaker_name(user.username)}: {membership.role}{called}"


TOOL: Final = Tool(
    name="list_members",
    label="List the members",
    explanation="Claude may see who is in this room: their names and roles.",
    description="Lists the members of this room: user names, roles, and the names that people chose to be shown.",
    use=_list,
)
