"""The HTTP status of each error, for requests that come over HTTP: uploads, downloads, exports, tickets, streams."""

from collections.abc import Mapping
from typing import Final

from chat.protocol.errors import ErrorCode

STATUS: Final[Mapping[ErrorCode, int]] = {
    ErrorCode.VALIDATION_ERROR: 400,
    ErrorCode.REQUEST_FAILED: 409,
    ErrorCode.UNAUTHORIZED: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.QUOTA_EXCEEDED: 403,  # not 429, which programs take for: the same again, later
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.STREAM_ERROR: 502,
    ErrorCode.INTERNAL_ERROR: 500,
}
