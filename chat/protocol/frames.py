"""Frames: text in, requests out; facts in, text out. No I/O, no Django, no rules of the domain.

Decoding looks at `type` first and then decodes and validates the payload in one step with the decoder made for that
type. Both forms of a frame are read: `{"type", "id"?, "timestamp"?, "payload"}`, and without `payload` the remaining
fields as the payload.
"""

import re
import time
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType, defstruct

from chat.protocol import wire
from chat.protocol.errors import ErrorCode, ProtocolError, invalid
from chat.protocol.requests import ALIASES, PAYLOADS, Request

RequestId = Annotated[str, Meta(min_length=1, max_length=64)] | Annotated[int, Meta(ge=0, le=2**53 - 1)]

_ID_CHARS: Final = 64


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One request: its canonical `type`, its `id` if it wants a response, and its validated payload."""

    type: str
    id: str | int | None
    payload: Any  # the struct of requests.PAYLOADS for this type


class _Envelope(msgspec.Struct, gc=False):
    type: str
    id: RequestId | None = None
    timestamp: int | float | None = None
    payload: Raw | UnsetType = UNSET


class _StrictEnvelope(_Envelope, forbid_unknown_fields=True):
    pass


class _Salvage(msgspec.Struct):
    """Reads what can be read of a refused frame, so that the error can carry its id."""

    id: Any = None


def _flat(payload: type[Request]) -> type[msgspec.Struct]:
    """Return the payload's struct with the envelope's own fields beside its own, for frames without `payload`."""
    return defstruct(
        payload.__name__ + "Flat",
        [("type", str), ("id", Any, None), ("timestamp", Any, None)],
        bases=(payload,),
        kw_only=True,
        forbid_unknown_fields=True,
    )


_envelope = msgspec.json.Decoder(_Envelope)
_strict_envelope = msgspec.json.Decoder(_StrictEnvelope)
_salvage = msgspec.json.Decoder(_Salvage)
_types: Final = {**{name: name for name in PAYLOADS}, **ALIASES}
_nested: Final = {name: msgspec.json.Decoder(payload) for name, payload in PAYLOADS.items()}
_flattened: Final = {name: msgspec.json.Decoder(_flat(payload)) for name, payload in PAYLOADS.items()}
_encoder: Final = msgspec.json.Encoder()

# Half of a pair is no JSON for the decoder, but many clients send what a text field holds: they must hear which request
# was refused.
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")

# What the decoders raise for input that is not JSON, not of the shape, too deep, or not text.
_BAD_INPUT: Final = (msgspec.DecodeError, RecursionError, UnicodeError, ValueError)


class BadFrame(ProtocolError):
    """A frame that could not be read. `request_id` is its id if that much could be."""

    def __init__(self, error: ProtocolError, request_id: str | int | None) -> None:
        super().__init__(error.code, error.message, details=error.details)
        self.request_id = request_id


def decode(text: str) -> Frame:
    """Read one frame. Raises BadFrame with VALIDATION_ERROR, or REQUEST_FAILED for an unknown type."""
    try:
        envelope = _envelope.decode(text)
        name = _types.get(envelope.type)
        if name is None:
            raise BadFrame(ProtocolError(ErrorCode.REQUEST_FAILED, "Unknown request type."), envelope.id)
        if envelope.payload is UNSET:
            payload = _flattened[name].decode(text)
        else:
            _strict_envelope.decode(text)
            raw = bytes(envelope.payload)
            payload = _nested[name].decode(b"{}" if raw == b"null" else raw)
    except _BAD_INPUT as error:
        raise BadFrame(_validation_error(error), id_of(text)) from None
    if "\\u" in text:
        # Only escapes can bring these in: PostgreSQL refuses NUL, and a lone surrogate cannot be encoded again.
        _refuse_unstorable_id(envelope.id)
        refuse_unstorable(payload, envelope.id)
    return Frame(name, envelope.id, payload)


def _validation_error(error: Exception) -> ProtocolError:
    if isinstance(error, RecursionError):
        return invalid("The frame is nested too deeply.", "$")
    if isinstance(error, msgspec.ValidationError):
        sentence, _, path = str(error).partition(" - at ")
        # The path stands behind a word for some, as in "`key` in `$.rooms`".
        return invalid(sentence + ".", "$" + path.strip("`").partition("$")[2])
    return invalid("The frame is not valid JSON.", "$")


def id_of(text: str) -> str | int | None:
    """Return the id of a frame that was refused unread or could not be read, if it has one."""
    try:
        found = _salvage.decode(text).id
    except _BAD_INPUT:
        try:
            found = _salvage.decode(_SURROGATE.sub(r"\\u0000", text)).id  # which no id may hold either
        except _BAD_INPUT:
            return None
    if isinstance(found, str):
        return found if 0 < len(found) <= _ID_CHARS and storable(found) else None
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 <= found < 2**53 else None


def storable(text: str) -> bool:
    """Whether every database we support can hold this text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def _refuse_unstorable_id(request_id: Any) -> None:
    if not all(map(storable, _texts(request_id))):  # it may become a client id, and then it is stored
        raise BadFrame(invalid("The id contains a character that cannot be stored.", "$.id"), None)


def refuse_unstorable(payload: msgspec.Struct, request_id: str | int | None = None) -> None:
    """Raise BadFrame when a text anywhere in a payload is not storable, with the path of the field that holds it."""
    for field in payload.__struct_fields__:
        if not all(map(storable, _texts(getattr(payload, field)))):
            raise BadFrame(invalid("The text contains a character that cannot be stored.", f"$.{field}"), request_id)


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a field, however deep: one that is not looked at would be refused by PostgreSQL alone."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from (name, *_texts(item))
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _texts(getattr(value, name))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def encode(frame: wire.Ok | wire.Failure) -> str:
    return _encoder.encode(frame).decode()


def response(type_: str, data: Any, request_id: str | int | None) -> str:
    """Encode the one response to a request."""
    return encode(wire.Ok(type_, now_ms(), data, requestId=UNSET if request_id is None else request_id))


def event(type_: str, data: Any) -> str:
    """Encode an event: the same bytes for everyone who gets it."""
    return encode(wire.Ok(type_, now_ms(), data))


def failed_event(error: ProtocolError, data: Any) -> str:
    """Encode an `error` event: something went wrong that everyone in a room is told of."""
    return encode(failure(error, data=data))


def with_request_id(text: str, request_id: str) -> str:
    """Return an encoded event as the response to someone's request; `request_id` is JSON already."""
    return f'{{"requestId":{request_id},{text[1:]}'


def failure(error: ProtocolError, request_id: str | int | None = None, data: Any = UNSET) -> wire.Failure:
    """Turn an error into the envelope that tells of it."""
    return wire.Failure(now_ms(), error_body(error), requestId=UNSET if request_id is None else request_id, data=data)


def error_body(error: ProtocolError) -> wire.ErrorBody:
    return wire.ErrorBody(
        error.code,
        error.message,
        UNSET if error.details is None else error.details,
        UNSET if error.retry_after is None else error.retry_after,
    )


def size_of(value: object) -> int:
    """Return how many bytes a wire value has when it is encoded."""
    return len(_encoder.encode(value))


def to_json(value: object) -> str:
    """Encode any wire value, outside an envelope."""
    return _encoder.encode(value).decode()
