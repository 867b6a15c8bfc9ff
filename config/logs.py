"""Logs: one line an event, JSON in production; ids and types only, never message text, tokens or cookies."""

import logging
import logging.config
import re
from typing import Any

import structlog

_SECRET_IN_QUERY = re.compile(r"((?:token|ticket|key)=)[^&\s\"']+")

# Of one value in a line; tracebacks are written whole.
_CHARS = 1000
_OF_LOGGING = ("exc_info", "stack_info")


def redact(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Remove tickets from logged request lines: servers write the whole path, and a ticket stands in its query."""
    text = event.get("event")
    if isinstance(text, str) and "=" in text:
        event["event"] = _SECRET_IN_QUERY.sub(r"\1[redacted]", text)
    return event


def in_short(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Cut what is long: an address or the name of a field may have 64 KB, and anyone can send as many as they like."""
    for name, value in event.items():
        if isinstance(value, str) and len(value) > _CHARS:
            event[name] = f"{value[:_CHARS]}…"
        elif isinstance(value, (dict, list, tuple)) and name not in _OF_LOGGING and len(text := str(value)) > _CHARS:
            event[name] = f"{text[:_CHARS]}…"
    return event


def in_one_line(_logger: Any, _name: str, event: dict[str, Any]) -> dict[str, Any]:
    """Take the traceback from what Django refused: anyone can send such requests, and each would log forty lines.

    Django logs a refusal (a response from 400 to 499) as a warning, and a fault of ours as an error.
    """
    logger = str(event.get("logger"))
    is_refusal = logger.startswith("django.request") and event.get("level") == "warning"
    if is_refusal or logger.startswith("django.security."):
        event.pop("exc_info", None)
    return event


def configure(options: dict[str, Any]) -> None:
    """Send structlog's and the standard library's records through the same processors to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if options["json"]
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": [*shared, structlog.stdlib.PositionalArgumentsFormatter()],
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        redact,
                        in_one_line,
                        in_short,
                        *renderer,
                    ],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                # Django's own handlers would write each line again, in debug, with what is removed here.
                "django": {},
                # One line for each socket and request is the proxy's business; faults still come through.
                "uvicorn.access": {"level": "WARNING"},
                "django.channels.server": {"level": "WARNING"},
                "daphne": {"level": "WARNING"},
                # Anybody can send any Host header; each would be logged with a traceback.
                "django.security.DisallowedHost": {"level": "CRITICAL"},
                # One line for each opened socket, which we write ourselves with the connection id.
                "chat.server.transport.uvicorn_protocol": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[options["level"]]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
