"""Rooms, messages and the socket."""

from django.apps import AppConfig
from django.core.checks import register


class ChatConfig(AppConfig):
    name = "chat"

    def ready(self) -> None:
        from chat import system_checks
        from chat.realtime.layer import revocation
        from chat.rooms import succession

        register(system_checks.check_frame_bytes)
        revocation.listen()
        succession.watch()
