"""TypeScript declarations of the protocol, for `static/chat/js/protocol.d.ts`, made from the same schemas."""

from typing import Any

from chat.protocol.asyncapi import schemas
from chat.protocol.catalogue import EVENTS, RESPONSES
from chat.protocol.errors import ErrorCode
from chat.protocol.requests import ALIASES, PAYLOADS

_HEADER = """\
// Made by `manage.py protocol_files` from chat/protocol. Do not edit: a test compares it with the schema.

"""
_SCALARS = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}


def declarations() -> str:
    """Return the text of the declaration file."""
    parts = [_interface(name, schema) for name, schema in sorted(schemas().items())]
    responses = {name: data.__name__ for name, (_type, data) in RESPONSES.items()}
    parts += [
        "export type ErrorCode =\n" + "\n".join(f'  | "{code}"' for code in ErrorCode) + ";\n",
        _map("RequestPayloads", _with_aliases({name: payload.__name__ for name, payload in PAYLOADS.items()})),
        _map("ResponseData", _with_aliases(responses)),
        _map("EventData", {name: event.data.__name__ for name, event in EVENTS.items()}),
        _ENVELOPES,
    ]
    return _HEADER + "\n".join(parts)


_ENVELOPES = """\
/** A frame to the server. Without `payload` the remaining fields are read as the payload. */
export interface RequestFrame<T extends keyof RequestPayloads = keyof RequestPayloads> {
  type: T;
  id?: string | number;
  timestamp?: number;
  payload?: RequestPayloads[T];
}

/** A response or an event. */
export interface SuccessFrame<Data = unknown> {
  type: string;
  requestId?: string | number;
  timestamp: number;
  success: true;
  data: Data;
}

export interface ErrorFrame {
  type: "error";
  requestId?: string | number;
  timestamp: number;
  success: false;
  error: ErrorBody & { code: ErrorCode };
  data?: unknown;
}

export type ServerFrame = SuccessFrame | ErrorFrame;
"""


def _with_aliases(types: dict[str, str]) -> dict[str, str]:
    return {**types, **{alias: types[name] for alias, name in ALIASES.items()}}


def _map(name: str, entries: dict[str, str]) -> str:
    return f"export interface {name} {{\n" + "".join(f"  {key}: {value};\n" for key, value in entries.items()) + "}\n"


def _interface(name: str, schema: dict[str, Any]) -> str:
    required = set(schema.get("required", ()))
    # A field with a default is optional in a request, but a response always has it: only requests leave things out.
    is_request = schema.get("additionalProperties") is False
    lines = [f"/** {line} */\n" for line in [_first_sentence(schema)] if line]
    lines.append(f"export interface {name} {{\n")
    for field, value in schema.get("properties", {}).items():
        optional = field not in required and (is_request or "default" not in value)
        lines.append(f"  {field}{'?' if optional else ''}: {_type(value)};\n")
    return "".join([*lines, "}\n"])


def _first_sentence(schema: dict[str, Any]) -> str:
    return " ".join(str(schema.get("description", "")).split("\n\n")[0].split())


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f'"{option}"' for option in schema["enum"])
    if schema.get("type") == "array":
        inner = _type(schema.get("items", {}))
        return f"({inner})[]" if " " in inner else f"{inner}[]"
    if schema.get("type") == "object":
        return f"Record<string, {_type(schema.get('additionalProperties', {}))}>"
    return _SCALARS.get(str(schema.get("type")), "unknown")
