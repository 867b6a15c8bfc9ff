"""The generated files are current, the AsyncAPI document hangs together, and the schemas are those of the structs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from chat.protocol.asyncapi import document
from chat.protocol.catalogue import EVENTS, RESPONSES
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import ALIASES, PAYLOADS
from chat.protocol.typescript import declarations

Json = dict[str, Any]


def test_the_generated_files_are_current() -> None:
    call_command("protocol_files", check=True)


def test_a_file_that_is_not_current_is_noticed_and_written(tmp_path: Path, settings: Any) -> None:
    settings.BASE_DIR = tmp_path
    for name in ("docs", "static/chat/js"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(CommandError, match=r"asyncapi\.json is not current"):
        call_command("protocol_files", check=True)
    call_command("protocol_files", verbosity=0)
    call_command("protocol_files", check=True)
    path = tmp_path / "static/chat/js/protocol.d.ts"
    path.write_text(path.read_text().replace("clientId", "clientID"))
    with pytest.raises(CommandError, match=r"protocol\.d\.ts is not current"):
        call_command("protocol_files", check=True)


@pytest.fixture(scope="module")
def api() -> Json:
    found: Json = json.loads(json.dumps(document()))
    return found


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(api: Json, reference: str) -> Any:
    assert reference.startswith("#/")
    node: Any = api
    for key in reference.removeprefix("#/").split("/"):
        node = node[key]
    return node


def test_every_reference_leads_somewhere(api: Json) -> None:
    found = set(references(api))
    assert len(found) > 50
    for reference in found:
        assert isinstance(resolve(api, reference), dict), reference


def test_nothing_in_it_is_unused(api: Json) -> None:
    used = set(references(api))
    for kind in ("messages", "schemas"):
        for name in api["components"][kind]:
            assert f"#/components/{kind}/{name}" in used, name
    assert set(api["channels"]["socket"]["messages"]) == set(api["components"]["messages"])


def test_it_names_every_request_response_event_alias_and_error(api: Json) -> None:
    messages = api["components"]["messages"]
    expected = {f"request_{name}" for name in PAYLOADS} | {f"response_{name}" for name in RESPONSES}
    assert set(messages) == expected | {f"event_{name}" for name in EVENTS} | {"error"}
    types = {name for each in PAYLOADS for name in messages[f"request_{each}"]["payload"]["properties"]["type"]["enum"]}
    assert types == set(PAYLOADS) | set(ALIASES)
    body = messages["error"]["payload"]["properties"]["error"]["allOf"][1]
    assert body["properties"]["code"]["enum"] == [str(code) for code in ErrorCode]


def test_operations_have_the_required_fields_and_responses(api: Json) -> None:
    assert api["asyncapi"].startswith("3.") and {"title", "version"} <= set(api["info"])
    for name, operation in api["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert resolve(api, channel)["address"] == ("/stream/{room}" if name == "stream" else "/ws")
        for message in [*operation["messages"], *operation.get("reply", {}).get("messages", [])]:
            # AsyncAPI 3: an operation's messages are those of its channel, not of the components.
            assert message["$ref"].startswith(f"{channel}/messages/"), name
    streamed = set(api["channels"]["stream"]["messages"])
    assert {"response_join_room", "event_stream_delta", "event_error", "event_closed"} <= streamed
    assert not {"event_welcome", "event_ping", "event_read_updated"} & streamed
    assert {name for name in PAYLOADS if "reply" not in api["operations"][name]} == {"pong"}


def test_schemas_are_json_schemas(api: Json) -> None:
    kinds = {"object", "array", "string", "integer", "number", "boolean", "null"}
    for name, schema in api["components"]["schemas"].items():
        assert schema["type"] == "object", name
        assert set(schema.get("required", ())) <= set(schema["properties"]), name
        for field, value in schema["properties"].items():
            described = {"type", "$ref", "anyOf", "enum", "const"} & set(value) or set(value) <= {"default"}
            assert described, f"{name}.{field}: {value}"
            assert value.get("type", "object") in kinds


def test_the_typescript_declarations_name_the_same(api: Json) -> None:
    text = declarations()
    for name in api["components"]["schemas"]:
        assert f"export interface {name} {{" in text
    for interface, names in (
        ("RequestPayloads", PAYLOADS),
        ("ResponseData", {**RESPONSES, **ALIASES}),
        ("EventData", EVENTS),
    ):
        block = text.split(f"export interface {interface} {{")[1].split("}")[0]
        assert {line.split(":")[0].strip() for line in block.strip().splitlines()} >= set(names) - {"pong"}, interface
    assert text.count("{") == text.count("}")
