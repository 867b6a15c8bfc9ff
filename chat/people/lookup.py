"""Looking people up, and who may ask."""

from accounts.models import User
from chat import access
from chat.access import Actor
from chat.models import Room
from chat.protocol import requests


def get_user(_actor: Actor, request: requests.GetUser) -> User:
    """Return an active person by id or username: all who are signed in may know of each other. Raises NOT_FOUND."""
    return access.person_called(request.userId)


def room_of_presence(actor: Actor, request: requests.ListPresence) -> Room:
    """Return the room whose presence is asked for. Raises NOT_FOUND."""
    return access.room_for(actor, request.room)
