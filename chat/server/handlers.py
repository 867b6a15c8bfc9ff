"""One function for each request type: what it needs of this process, which action it calls, how it responds.

A handler returns the response's data, or None when it responds on its own. Nothing here decides what is allowed: that is
the business of `access` and the use cases.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from django.conf import settings
from msgspec import UNSET

from chat.access import JOIN_FIRST, Actor
from chat.claude import estimate, model_offer
from chat.claude.model_offer import learn_models
from chat.files.attachments import checked_message
from chat.limits import rates
from chat.markdown.content import checked_content
from chat.messages import changes, drafts, history, reading, replies
from chat.messages.choosing import chosen_in
from chat.messages.posting import Post, Stored
from chat.messages.reply_rows import request_id_of
from chat.people import lookup
from chat.protocol import frames, requests, wire
from chat.protocol.errors import ErrorCode, ProtocolError, failed
from chat.protocol.frames import Frame
from chat.realtime.database import in_database_for
from chat.realtime.delivery.connection import Connection
from chat.realtime.delivery.payload import Payload
from chat.realtime.events import NO_REQUESTER, Requester, ephemeral, room_group
from chat.realtime.presence import topic_of_room
from chat.realtime.rendering import html_of, of_user
from chat.rooms import accepting, archiving, bans, browsing, leaving, members, rooms
from chat.search import search
from chat.server import joining
from chat.server.runtime import Runtime

P = ParamSpec("P")
T = TypeVar("T")

Handler = Callable[[Runtime, Connection, Frame], Awaitable[wire.Wire | None]]

# Characters of one connection's posts that are not stored yet: so its responses fit into its outbox together.
_IN_FLIGHT_CHARS: Final = 250_000
_STOP_TRIES: Final = 30
_STOP_PAUSE_SECONDS: Final = 0.05


async def _act(
    connection: Connection, action: Callable[Concatenate[Actor, P], T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a database action for a connection's user, when it is their turn."""
    return await in_database_for(connection.user_id, action, connection.actor, *args, **kwargs)


def _by_action(action: Callable[[Actor, Any], wire.Wire]) -> Handler:
    """Return the handler of a request for which one database action makes the response."""

    async def handler(_runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
        return await _act(connection, action, frame.payload)

    return handler


def _with_models(action: Callable[[Actor, Any], wire.Wire]) -> Handler:
    """Return the handler of a request that may choose a model: which there are is asked before the room is locked."""
    act = _by_action(action)

    async def handler(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire | None:
        options = frame.payload.claude
        if options is not UNSET and options.model:
            await learn_models()
        return await act(runtime, connection, frame)

    return handler


async def _ping(_runtime: Runtime, connection: Connection, frame: Frame) -> None:
    connection.send_aside(Payload(frames.response("pong", wire.Nothing(), frame.id)))


async def _list_rooms(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    while True:
        doubts = connection.doubts
        listed, watched = await _act(connection, rooms.listed_rooms, frame.payload)
        runtime.hub.stall.look()
        await connection.wait_released()
        if connection.doubts == doubts:
            break  # else they may have lost a room since it was listed, and nothing would end their watching it
    if not connection.is_closing:
        for slug in watched:
            runtime.hub.watchers.watch(slug, connection)
    return listed


async def _join_room(runtime: Runtime, connection: Connection, frame: Frame) -> None:
    await joining.join(
        runtime, connection, frame.payload, lambda joined: connection.respond("joined", joined, frame.id)
    )


async def _leave_room(runtime: Runtime, connection: Connection, frame: Frame) -> None:
    request = frame.payload
    runtime.leave_room(connection, request.room)
    connection.respond("left", wire.Left(request.room), frame.id)


async def _quit_rooms(_runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    """Leave one room after the other: the database thread is free for others in between."""
    slugs = dict.fromkeys(frame.payload.rooms)
    return wire.RoomsLeft([await _act(connection, leaving.leave, slug) for slug in slugs])


async def _create_message(runtime: Runtime, connection: Connection, frame: Frame) -> None:
    """Queue the message and return: the next frame need not wait for the disk, and order is kept by the queue."""
    request = frame.payload
    content = checked_message(request.content, request.attachments)
    _take_turn(runtime, connection)
    post = Post.of(
        connection.actor,
        request.room,
        content,
        await html_of(content, of_user(connection.user_id)),
        # A room that this tab has not joined may be a session, too.
        may_name=connection.rooms.get(request.room, True),
        client_id=_client_id(request.clientId, frame.id),
        reply_to=None if request.replyTo is UNSET else int(request.replyTo),
        attachments=tuple(request.attachments),
        chosen=chosen_in(request.claude),
    )
    await _post(runtime, connection, frame, post)


async def _execute(runtime: Runtime, connection: Connection, frame: Frame) -> None:
    """Queue a prompt. A connection that has not joined the session joins it first: the reply's stream goes to its tabs."""
    request = frame.payload
    content = checked_message(request.prompt, request.attachments)
    if request.session not in connection.rooms:
        await _join_room(runtime, connection, Frame("join_room", None, requests.JoinRoom(room=request.session)))
    _take_turn(runtime, connection)
    post = Post.of(
        connection.actor,
        request.session,
        content,
        await html_of(content, of_user(connection.user_id)),
        client_id=_client_id(request.clientId, frame.id),
        must_reply=True,
        requester=_requester(connection, frame),
        attachments=tuple(request.attachments),
        chosen=chosen_in(request.claude),
    )
    await _post(runtime, connection, frame, post)


def _take_turn(runtime: Runtime, connection: Connection) -> None:
    """Count against MESSAGES_PER_MINUTE. Raises RATE_LIMITED."""
    wait = runtime.messages_per_user.take(connection.user_id)
    if wait:
        raise ProtocolError(ErrorCode.RATE_LIMITED, "You are posting too fast.", retry_after=wait)


def _requester(connection: Connection, frame: Frame) -> Requester:
    return NO_REQUESTER if frame.id is None else Requester(connection.id, request_id_of(frame.id))


async def _post(runtime: Runtime, connection: Connection, frame: Frame, post: Post) -> None:
    future = connection.last_post = runtime.writer.post(post)
    connection.in_flight += 1
    connection.in_flight_chars += post.chars
    future.add_done_callback(partial(_posted, connection, frame, post.chars))
    if connection.in_flight >= settings.REQUESTS_IN_FLIGHT > 0 or connection.in_flight_chars > _IN_FLIGHT_CHARS:
        await asyncio.wait([future])  # back-pressure: the socket is not read further until this one is stored


async def _edit_message(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    request = frame.payload
    content = checked_content(request.content)
    # Before the text is formatted, which is the costly part.
    await _act(connection, rates.take, rates.CHANGES)
    html = await html_of(content, of_user(connection.user_id))
    edited = await _act(connection, changes.edit_message, request.message, content, html, forget=request.forget)
    if edited.named:
        runtime.pusher.consider_named(edited.message, edited.named)
    return wire.MessageResponse(edited.message)


def _client_id(client_id: Any, request_id: str | int | None) -> str | None:
    if client_id is not UNSET:
        return str(client_id)
    return None if request_id is None else str(request_id)


def _posted(connection: Connection, frame: Frame, chars: int, future: "asyncio.Future[Stored]") -> None:
    connection.in_flight -= 1
    connection.in_flight_chars -= chars
    if connection.last_post is future:
        connection.last_post = None
    if future.cancelled():
        return
    error = future.exception()
    if error is None:
        if frame.id is not None:
            connection.respond(frame.type, _response_to(frame, future.result()), frame.id)
    elif isinstance(error, ProtocolError):
        connection.log_refusal("request.refused", type=frame.type, code=str(error.code))
        connection.fail(error, frame.id)


def _response_to(frame: Frame, stored: Stored) -> wire.Wire:
    if frame.type == "execute" and stored.reply is not None:
        return wire.ExecuteResponse(stored.message, stored.reply)
    return wire.MessageResponse(stored.message)


async def _list_models(_runtime: Runtime, _connection: Connection, _frame: Frame) -> wire.Wire:
    return await model_offer.list_models()


async def _stop_reply(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    """Respond when the reply has ended, which is soon; a runner that is dead is not waited for."""
    found = await _act(connection, replies.stop_reply, frame.payload)
    tries = 0
    while found.state == "running" and tries < _STOP_TRIES and not connection.is_closing:
        tries += 1
        await asyncio.sleep(_STOP_PAUSE_SECONDS)
        found = await _act(connection, replies.state_of, frame.payload.message)
    return found


async def _retry_reply(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    _take_turn(runtime, connection)
    requester = _requester(connection, frame)
    return await _act(connection, replies.retry_reply, frame.payload, requester)


async def _continue_reply(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    _take_turn(runtime, connection)
    requester = _requester(connection, frame)
    return await _act(connection, replies.continue_reply, frame.payload, requester)


async def _show_version(_runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    await _act(connection, rates.take, rates.CHANGES)
    text, prompt = await _act(connection, replies.version_text, frame.payload)
    owner = of_user(connection.user_id)
    html, prompt_html = await html_of(text, owner), await html_of(prompt, owner)
    return await _act(connection, replies.show_version, frame.payload, html, prompt_html)


async def _get_stream(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    checkpoint, _slug = await _act(connection, replies.keyframe_of, frame.payload)
    return await runtime.runner.freshest(checkpoint)


async def _typing(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    """Costs no query: a connection has a room in `rooms` only while its user is a member."""
    request = frame.payload
    if request.room not in connection.rooms:
        raise failed(JOIN_FIRST)
    wait = runtime.typing_per_user.take(connection.user_id)
    if wait:
        raise rates.too_fast(rates.TYPING, wait)
    fact = wire.TypingFact(request.room, connection.actor.ref, request.typing)
    runtime.hub.publish(ephemeral(room_group(request.room), "typing", fact, without_user=connection.user_id))
    return wire.Nothing()


async def _get_user(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    user = await _act(connection, lookup.get_user, frame.payload)
    online = runtime.presence.tabs_of(user.pk) > 0
    return wire.UserResponse(wire.User(str(user.pk), user.username, user.get_full_name(), online))


async def _list_presence(runtime: Runtime, connection: Connection, frame: Frame) -> wire.Wire:
    request = frame.payload
    room = await _act(connection, lookup.room_of_presence, request)
    topic = topic_of_room(room.slug, is_session=room.is_session)
    return runtime.presence.fact(topic)


HANDLERS: Final[dict[str, Handler]] = {
    "ping": _ping,
    "list_rooms": _list_rooms,
    "browse_rooms": _by_action(browsing.browse_rooms),
    "create_room": _with_models(rooms.create_room),
    "update_room": _with_models(rooms.update_room),
    "archive_room": _by_action(archiving.archive_room),
    "restore_room": _by_action(archiving.restore_room),
    "delete_room": _by_action(archiving.delete_room),
    "mute_room": _by_action(rooms.mute_room),
    "join_room": _join_room,
    "leave_room": _leave_room,
    "quit_room": _by_action(members.quit_room),
    "quit_rooms": _quit_rooms,
    "add_member": _by_action(members.add_member),
    "list_invitations": _by_action(accepting.list_invitations),
    "accept_invitation": _by_action(accepting.accept_invitation),
    "decline_invitation": _by_action(accepting.decline_invitation),
    "remove_member": _by_action(members.remove_member),
    "set_role": _by_action(members.set_role),
    "ban_member": _by_action(bans.ban_member),
    "unban_member": _by_action(bans.unban_member),
    "list_bans": _by_action(bans.list_bans),
    "get_messages": _by_action(history.page),
    "sync": _by_action(history.sync),
    "create_message": _create_message,
    "edit_message": _edit_message,
    "delete_message": _by_action(changes.delete_message),
    "add_reaction": _by_action(changes.add_reaction),
    "remove_reaction": _by_action(changes.remove_reaction),
    "own_reactions": _by_action(changes.own_reactions),
    "search_messages": _by_action(search.search_messages),
    "mark_read": _by_action(reading.mark_read),
    "typing": _typing,
    "save_draft": _by_action(drafts.save_draft),
    "get_user": _get_user,
    "list_presence": _list_presence,
    "execute": _execute,
    "estimate_prompt": _by_action(estimate.estimate_prompt),
    "list_models": _list_models,
    "stop_reply": _stop_reply,
    "retry_reply": _retry_reply,
    "continue_reply": _continue_reply,
    "show_version": _show_version,
    "get_stream": _get_stream,
}
