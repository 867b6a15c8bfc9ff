"""Fills a database with people and rooms to try: the first thing that `make run` does."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from chat.access import Actor
from chat.markdown import render
from chat.messages.posting import Post, store
from chat.models import Membership, Message, Room
from chat.protocol import requests
from chat.realtime.events import durable
from chat.realtime.layer.publishing import publish
from chat.rooms import members, rooms

PASSWORD = "parley-demo"  # noqa: S105 - for a debug database only

_WORDS = {
    "general": (
        ("alice", "Welcome to **Parley**. This is *general*: everyone can read and write here."),
        ("bob", "Try it in two tabs, or in two browsers. What you type in one appears in the other."),
        ("carol", "You can format text:\n\n```python\nprint('hello, room')\n```\n\nand mention people, like @alice."),
    ),
    "lounge": (
        ("alice", "Only bob and I are in here."),
        ("bob", "Nice and quiet."),
    ),
}


class Command(BaseCommand):
    help = "Creates users alice (an administrator), bob and carol, rooms general and lounge, and the session demo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="Do nothing when there are users already.")
        parser.add_argument("--password", default=PASSWORD, help="The password of all three.")

    def handle(self, *_args: Any, if_empty: bool, password: str, **_options: Any) -> None:
        if if_empty and User.objects.exists():
            return
        if not settings.DEBUG and password == PASSWORD:
            raise CommandError("Outside debug, give the demo users a --password of your own.")
        with transaction.atomic():
            people = {name: self._person(name, password) for name in ("alice", "bob", "carol")}
            self._room(people, "general", "General", "open", "bob", "carol")
            self._room(people, "lounge", "Lounge", "closed", "bob")
            self._room(people, "demo", "Demo session", "session", "bob", "carol")
        for slug, words in _WORDS.items():
            if not Message.objects.filter(room__slug=slug, kind="text").exists():
                self._say(people, slug, words)
        self.stdout.write(f"Sign in as alice, bob or carol with the password {password}. Alice may use /admin/.")

    def _person(self, name: str, password: str) -> User:
        user, created = User.objects.get_or_create(username=name, defaults={"display_name": name.capitalize()})
        if created:
            user.set_password(password)
            user.is_staff = user.is_superuser = name == "alice"
            user.save()
        return user

    def _room(self, people: dict[str, User], slug: str, name: str, kind: Any, *others: str) -> None:
        owner = Actor.of(people["alice"])
        if not Room.objects.filter(slug=slug).exists():
            rooms.create_room(owner, requests.CreateRoom(kind=kind, name=name, room=slug))
        for other in others:
            if not Membership.objects.filter(room__slug=slug, user=people[other]).exists():
                members.add_member(owner, requests.AddMember(room=slug, user=other))

    def _say(self, people: dict[str, User], slug: str, words: tuple[tuple[str, str], ...]) -> None:
        posts = [Post.of(Actor.of(people[name]), slug, text, render(text)) for name, text in words]
        for result in store(posts):
            if isinstance(result, Exception):
                raise CommandError(str(result))
            publish(durable(result.message))
