"""Messages for the pages to show: rows as the writer would have stored them."""

from chat import markdown
from chat.models import Message, Room
from tests.pages.conftest import Seat


def stored(room: Room, author: Seat, content: str) -> Message:
    room.refresh_from_db()
    room.change += 1
    room.save(update_fields=["change"])
    return Message.objects.create(
        room=room,
        seq=room.change,
        change=room.change,
        author=author.user,
        content=content,
        html=markdown.render(content),
    )
