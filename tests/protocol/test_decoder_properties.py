"""The decoder against any input: a valid frame or a named error, never anything else."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chat.protocol import frames
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import ALIASES, PAYLOADS
from tests.protocol.wire_strategies import JSON_VALUES, REQUEST_IDS, REQUESTS

REFUSALS = {ErrorCode.VALIDATION_ERROR, ErrorCode.REQUEST_FAILED}
# Everything but halves of surrogate pairs, which are no characters.
CHARACTERS = st.characters(exclude_categories=["Cs"])
TYPES = sorted({*PAYLOADS, *ALIASES})
EXAMPLES = settings(max_examples=200, deadline=None)
FEW_EXAMPLES = settings(max_examples=50, deadline=None)


def decoded_or_refused(text: str) -> frames.Frame | None:
    """Decode; check that the outcome is one of the two allowed and can be acted on."""
    try:
        frame = frames.decode(text)
    except frames.BadFrame as error:
        check_refusal(error)
        return None
    assert frame.type in PAYLOADS
    assert isinstance(frame.payload, PAYLOADS[frame.type])
    for found in texts_in(msgspec.to_builtins(frame)):
        assert frames.storable(found), "what was let in cannot be stored"
    frames.response(frame.type, {}, frame.id)
    return frame


def check_refusal(error: frames.BadFrame) -> None:
    assert error.code in REFUSALS
    assert error.message
    if error.code is ErrorCode.VALIDATION_ERROR:
        assert error.details is not None
        assert str(error.details["path"]).startswith("$")
    sent = json.loads(frames.encode(frames.failure(error, error.request_id)))
    assert (sent["type"], sent["success"]) == ("error", False)


def texts_in(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in texts_in(part)]
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    return []


@EXAMPLES
@given(st.text())
@example("")
@example("\ufeff{}")
@example("\ud800")
@example('{"type":"ping","id":"\\u0000"}')
@example('{"type":"ping","id":"\\ud800"}')
@example('{"type":"ping","timestamp":1e999}')
def test_any_text_is_a_frame_or_a_named_error(text: str) -> None:
    decoded_or_refused(text)


@EXAMPLES
@given(JSON_VALUES)
def test_any_json_is_a_frame_or_a_named_error(value: Any) -> None:
    decoded_or_refused(json.dumps(value))


@EXAMPLES
@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(["room", "message", "content", "limit", "user"]), JSON_VALUES),
)
def test_any_payload_of_a_known_type_is_read_or_refused(type_: str, payload: dict[str, Any]) -> None:
    nested = decoded_or_refused(json.dumps({"type": type_, "payload": payload}))
    flat = decoded_or_refused(json.dumps({"type": type_, **payload}))
    assert (nested is None) == (flat is None), "the two forms of a frame differ"


@EXAMPLES
@given(
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(["id", "timestamp", "payload", "type", "extra"]), JSON_VALUES),
)
def test_any_envelope_is_read_or_refused(type_: str, envelope: dict[str, Any]) -> None:
    frame = decoded_or_refused(json.dumps({"type": type_, **envelope}))
    if frame is not None:
        assert "extra" not in envelope, "an unknown field was let in"


@EXAMPLES
@given(REQUESTS, REQUEST_IDS, st.data())
def test_a_damaged_frame_is_read_or_refused(
    request: tuple[str, dict[str, Any]], id_: str | int, data: st.DataObject
) -> None:
    text = json.dumps({"type": request[0], "id": id_, "payload": request[1]}, ensure_ascii=data.draw(st.booleans()))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    inserted = data.draw(
        st.sampled_from(["", "\x00", '"', "{", "}", "[", ",", "\\u0000", "\\ud800", "9" * 400, "NaN", "-", "1e999"])
    )
    decoded_or_refused(text[:start] + inserted + text[end:])


@EXAMPLES
@given(REQUESTS, REQUEST_IDS, st.booleans())
def test_every_valid_request_is_read_in_both_forms(
    request: tuple[str, dict[str, Any]], id_: str | int, ascii_only: bool
) -> None:
    type_, payload = request
    nested = frames.decode(json.dumps({"type": type_, "id": id_, "payload": payload}, ensure_ascii=ascii_only))
    flat = frames.decode(json.dumps({"type": type_, "id": id_, **payload}, ensure_ascii=ascii_only))
    for frame in (nested, flat):
        assert (frame.type, frame.id) == (type_, id_)
        read = msgspec.to_builtins(frame.payload)
        assert {name: read[name] for name in payload} == payload
    assert msgspec.to_builtins(nested.payload) == {
        name: msgspec.to_builtins(flat.payload)[name] for name in msgspec.to_builtins(nested.payload)
    }


def places_of_texts(value: Any) -> list[tuple[Any, Any]]:
    """Return where texts stand in a payload, however deep: each as what holds it, and the key or index in that."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [
        place for key, item in items for place in ([(value, key)] if isinstance(item, str) else places_of_texts(item))
    ]


@EXAMPLES
@given(REQUESTS, st.booleans(), st.data())
@example(("create_room", {"kind": "session", "claude": {"instructions": "x"}}), True, None)
@example(("sync", {"rooms": {"general": {"change": 0, "epoch": "x"}}}), False, None)
def test_a_text_that_postgresql_refuses_is_refused_wherever_it_stands(
    request: tuple[str, dict[str, Any]], nested: bool, data: st.DataObject | None
) -> None:
    type_, payload = request
    places = places_of_texts(payload)
    if not places:
        return
    holder, key = places[-1] if data is None else data.draw(st.sampled_from(places))
    holder[key] = "\0"
    frame = {"type": type_, "id": 7, "payload": payload} if nested else {"type": type_, "id": 7, **payload}
    with pytest.raises(frames.BadFrame) as caught:
        frames.decode(json.dumps(frame))
    assert (caught.value.code, caught.value.request_id) == (ErrorCode.VALIDATION_ERROR, 7)


@FEW_EXAMPLES
@given(
    REQUESTS,
    st.text(min_size=1, max_size=20).filter(lambda name: name not in ("id", "type", "timestamp", "payload")),
    JSON_VALUES,
)
def test_an_unknown_field_is_always_refused(request: tuple[str, dict[str, Any]], name: str, value: Any) -> None:
    type_, payload = request
    if name in {field.encode_name for field in msgspec.structs.fields(PAYLOADS[type_])}:
        return
    for frame in (
        {"type": type_, **payload, name: value},
        {"type": type_, "payload": {**payload, name: value}},
        {"type": type_, "payload": payload, name: value},
    ):
        with pytest.raises(frames.BadFrame) as caught:
            frames.decode(json.dumps(frame))
        assert caught.value.code is ErrorCode.VALIDATION_ERROR


@FEW_EXAMPLES
@given(REQUEST_IDS, st.sampled_from(["nonsense", "", "welcome", "Ping", "ping ", "__class__"]))
def test_the_error_of_an_unknown_type_carries_the_id(id_: str | int, type_: str) -> None:
    with pytest.raises(frames.BadFrame) as caught:
        frames.decode(json.dumps({"type": type_, "id": id_}))
    assert (caught.value.code, caught.value.request_id) == (ErrorCode.REQUEST_FAILED, id_)


@FEW_EXAMPLES
@given(st.integers(1, 40_000), st.sampled_from(["[", '{"a":', '{"type":', '{"payload":', '[{"id":']))
def test_no_depth_breaks_the_decoder(depth: int, opening: str) -> None:
    decoded_or_refused(opening * depth)
    decoded_or_refused('{"type":"join_room","payload":{"room":' + opening * depth)
    decoded_or_refused('{"type":"ping","id":' + "[" * depth + "]" * depth + "}")


@EXAMPLES
@given(REQUEST_IDS, st.dictionaries(st.text(CHARACTERS), st.text(CHARACTERS)))
def test_a_response_arrives_as_it_was_meant(id_: str | int, data: dict[str, str]) -> None:
    frame = json.loads(frames.response("list_rooms", data, id_))
    assert (frame["type"], frame["requestId"], frame["success"], frame["data"]) == ("list_rooms", id_, True, data)
    event = json.loads(frames.event("typing", data))
    assert "requestId" not in event and event["data"] == data


@pytest.mark.parametrize("half", ["\\ud800", "\\uDFFF", "a\\ud83d", "\\udc00\\ud800", "\\ud83d\\ude00\\ud83d"])
def test_half_of_a_surrogate_pair_is_refused_under_the_requests_id(half: str) -> None:
    """Else a program that sends what a text field holds waits for its response in vain."""
    for text in (
        f'{{"type":"create_message","id":"7","payload":{{"room":"general","content":"{half}"}}}}',
        f'{{"type":"create_message","room":"general","content":"{half}","id":"7"}}',
        f'{{"{half}":1,"type":"ping","id":"7"}}',
    ):
        with pytest.raises(frames.BadFrame) as caught:
            frames.decode(text)
        assert caught.value.request_id == "7" and caught.value.code == "VALIDATION_ERROR"
    with pytest.raises(frames.BadFrame) as caught:
        frames.decode(f'{{"type":"ping","id":"{half}"}}')
    assert caught.value.request_id is None
