"""Rooms, and the counter that orders everything durable in them."""

import re
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from accounts.search_name import SearchNameField, with_search_name
from chat.models.ban import RoomBan
from chat.models.membership import Membership
from chat.protocol.names import ROOM_SLUG_PATTERN
from chat.protocol.room_settings import SETTINGS

if TYPE_CHECKING:
    from accounts.models import User

CLAUDE_COLUMNS: Final = {name: "claude_" + re.sub("([A-Z])", r"_\1", name).lower() for name in SETTINGS}
"""The column of each of Claude's settings, by the setting's name on the wire."""


class RoomKind(models.TextChoices):
    OPEN = "open", "open: anybody may join"
    CLOSED = "closed", "closed: by invitation"
    DIRECT = "direct", "direct: two people"
    SESSION = "session", "session: every message goes to Claude"


def new_epoch() -> str:
    return secrets.token_urlsafe(6)


def renewed_epoch() -> str:
    """Return an epoch for rooms whose history was put back. Unlike `new_epoch`, it has a dot."""
    return f"r.{new_epoch()}"


def is_renewed(epoch: str) -> bool:
    """Whether there were other epochs in the same room before this one."""
    return "." in epoch


def _open_to(user_id: int) -> models.Q:
    banned = RoomBan.objects.in_force().filter(room=models.OuterRef("pk"), user=user_id)
    return models.Q(kind=RoomKind.OPEN) & ~models.Q(models.Exists(banned))


class RoomQuerySet(models.QuerySet["Room"]):
    def visible_to(self, user_id: int) -> "RoomQuerySet":
        """Rooms that this user may read: open ones that haven't banned them, and those that they are in."""
        member = models.Exists(Membership.objects.filter(room=models.OuterRef("pk"), user=user_id))
        return self.filter(_open_to(user_id) | models.Q(member))

    def open_to(self, user_id: int) -> "RoomQuerySet":
        """Rooms that this user may read and join without being asked in."""
        return self.filter(_open_to(user_id))

    def of_member(self, user_id: int) -> "RoomQuerySet":
        return self.filter(memberships__user=user_id)


class Room(models.Model):
    """A place to talk. `change` counts its durable changes; a cursor is only good with the `epoch` it was given in."""

    slug = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(ROOM_SLUG_PATTERN, "Use 1 to 50 of: a to z, digits and dash.")],
        help_text="The room's name on the wire and in links. It never changes.",
    )
    name = models.CharField(max_length=80)
    search_name = SearchNameField(of=("name",))
    topic = models.CharField(max_length=300, blank=True)
    kind = models.CharField(max_length=8, choices=RoomKind, default=RoomKind.OPEN)
    direct_key = models.CharField(max_length=41, unique=True, null=True, blank=True, editable=False)
    change = models.BigIntegerField(default=0, editable=False)
    epoch = models.CharField(max_length=16, default=new_epoch, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now(), editable=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    deletes_at = models.DateTimeField(null=True, blank=True, editable=False)
    last_message_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Of a session that was begun without a name: `chat.claude.run.titles`.
    wants_title = models.BooleanField(default=False, db_default=False, editable=False)
    # Claude's settings: what they mean, and their limits, stand in `chat.protocol.room_settings`.
    claude_model = models.CharField(max_length=80, blank=True)
    claude_instructions = models.TextField(blank=True)
    claude_every_message = models.BooleanField(default=True)
    claude_tools = models.JSONField(default=list, blank=True)
    claude_effort = models.CharField(max_length=6, blank=True, default="", db_default="")
    claude_thinking = models.CharField(max_length=3, blank=True, default="", db_default="")
    claude_web_search = models.BooleanField(default=False, db_default=False)
    claude_web_fetch = models.BooleanField(default=False, db_default=False)
    claude_web_domains = models.JSONField(default=list, db_default=[], blank=True)
    claude_web_blocked_domains = models.JSONField(default=list, db_default=[], blank=True)
    claude_web_uses = models.PositiveSmallIntegerField(default=3, db_default=3)
    members: "models.ManyToManyField[User, models.Model]" = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="chat.Membership", related_name="rooms"
    )

    objects = RoomQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        indexes = (
            models.Index(fields=("deletes_at",), name="rooms_to_delete", condition=models.Q(deletes_at__isnull=False)),
        )

    def __str__(self) -> str:
        return self.slug

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        super().save(update_fields=with_search_name(update_fields, "name"), **kwargs)

    @property
    def is_session(self) -> bool:
        return self.kind == RoomKind.SESSION

    @classmethod
    def claude_defaults(cls) -> dict[str, Any]:
        """Return how Claude behaves in a room that no one has changed, by the settings' names on the wire."""
        return cls().claude_settings

    @property
    def claude_settings(self) -> dict[str, Any]:
        """How Claude behaves here, as it was chosen, by the settings' names on the wire."""
        return {name: getattr(self, column) for name, column in CLAUDE_COLUMNS.items()}

    @property
    def web_uses(self) -> tuple[int, int]:
        """How often a reply here may search the web, and open a page of it."""
        return self.claude_web_uses * self.claude_web_search, self.claude_web_uses * self.claude_web_fetch

    @staticmethod
    def direct_key_of(user_id: int, other_id: int) -> str:
        """Return the key under which two people's one direct room is found, the same for both."""
        low, high = sorted((user_id, other_id))
        return f"{low}:{high}"

    def other_than(self, user_id: int) -> int | None:
        """Return the other person of a direct room, None in any other room. Needs no query."""
        if self.direct_key is None:
            return None
        low, high = map(int, self.direct_key.split(":"))
        return high if user_id == low else low
