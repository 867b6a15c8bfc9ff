"""Hears that someone's access has changed, and tells every process to look at their connections again."""

from typing import Any

from accounts.revocation import access_changed
from chat.realtime.layer.publishing import control


def listen() -> None:
    access_changed.connect(_recheck, dispatch_uid="chat.recheck")


def _recheck(user_id: int, **_: Any) -> None:
    control("recheck", user_id)
