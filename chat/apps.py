"""Rooms, messages and the socket."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat.realtime import revocation

        revocation.listen()
