"""Errors as values: a code, a sentence for the person, and whether the same request may be sent again.

Anything below raises `ProtocolError`; it becomes a frame, an HTTP response or a log line in one place each.
"""

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    VALIDATION_ERROR = "VALIDATION_ERROR"
    REQUEST_FAILED = "REQUEST_FAILED"
    UNAUTHORIZED = "UNAUTHORIZED"
    NOT_FOUND = "NOT_FOUND"
    CONFLICT = "CONFLICT"
    RATE_LIMITED = "RATE_LIMITED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    UNAVAILABLE = "UNAVAILABLE"
    STREAM_ERROR = "STREAM_ERROR"
    INTERNAL_ERROR = "INTERNAL_ERROR"

    @property
    def retryable(self) -> bool:
        """Whether sending the same request with the same id again may succeed."""
        return self in (ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE, ErrorCode.INTERNAL_ERROR)


class ProtocolError(Exception):
    """A refusal that the client is told of.

    code: one of protocol.md's codes. message: a sentence for the person. details: facts for the program.
    retry_after: milliseconds until it may be tried again.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details
        self.retry_after = retry_after


def invalid(message: str, path: str) -> ProtocolError:
    return ProtocolError(ErrorCode.VALIDATION_ERROR, message, details={"path": path})


def failed(message: str) -> ProtocolError:
    return ProtocolError(ErrorCode.REQUEST_FAILED, message)


def unauthorized(message: str = "You may not do this.") -> ProtocolError:
    return ProtocolError(ErrorCode.UNAUTHORIZED, message)


def not_found(what: str, *names: str) -> ProtocolError:
    """One sentence for what does not exist and for what you may not see: the difference would tell a secret.

    names: what was asked for, as the person who asked has written it, safe to show.
    """
    named = f": {', '.join(names)}" if names else ""
    return ProtocolError(ErrorCode.NOT_FOUND, f"{what.capitalize()} not found{named}.")


def unavailable() -> ProtocolError:
    return ProtocolError(ErrorCode.UNAVAILABLE, "Not available right now. Nothing was stored; please try again.")
