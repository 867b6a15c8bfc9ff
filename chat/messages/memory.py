"""What Claude keeps of messages beside the messages themselves, and that it must forget it with them."""

from chat.messages import findings, summaries
from chat.models import Message, Room


def forget(room: Room, message: Message) -> None:
    """Forget all that was made of a message whose content changes or goes. Call under the room's lock."""
    summaries.forget(room.pk, message.seq)
    findings.forget(message)
