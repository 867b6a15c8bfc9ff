"""Tells everyone, a room or a person something, from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from chat.models import Announcement, Room
from chat.people import announcements


class Command(BaseCommand):
    help = "Shows an announcement in every open tab of everyone, of a room, or of a person."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text")
        target = parser.add_mutually_exclusive_group()
        target.add_argument("--room", help="Only the tabs that have this room open (its slug).")
        target.add_argument("--user", help="Only this person's tabs (the user name).")

    def handle(self, *_args: Any, text: str, room: str | None, user: str | None, **_options: Any) -> None:
        if not text.strip() or "\x00" in text:
            raise CommandError("The text is empty, or holds a NUL character.")
        announcement = Announcement(text=text.strip())
        if room is not None:
            announcement.room = Room.objects.filter(slug=room).first()
            if announcement.room is None:
                raise CommandError(f"There is no room {room!r}.")
        if user is not None:
            announcement.user = User.objects.filter(username=user.lower()).first()
            if announcement.user is None:
                raise CommandError(f"There is no user {user!r}.")
        announcements.announce(announcement)
