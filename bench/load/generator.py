"""The load generator: load.c, compiled when first used, behind three functions.

It is in C because it must outrun the server: the generator may never be what is measured. `Outcome.busy` says which part
of the time it worked, so that a reader can see that it was not.
"""

import ctypes
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.load.compiler import compiled

_SOURCE: Final = Path(__file__).with_name("load.c")
_HISTOGRAM_BUCKETS: Final = 10_000_000
NUMBER: Final = "000000000000"  # stands in a frame for the number of the message
_NUMBERS_A_LOAD: Final = 2_000_000
_MASKED: Final = 0x80
_SMALL_FRAME: Final = 126
_MEDIUM_FRAME: Final = 65_536


_next_number = 1


class LoadFailed(RuntimeError):
    """The load could not be brought to its end: a connection was closed, or something was lost."""


class Outcome(NamedTuple):
    """What one load measured. `latencies` are milliseconds: p50, p95, p99, max. `busy`: which part of the time the
    generator worked, reading and counting."""

    sent: int
    received: int
    bytes: int
    seconds: float
    p50: float
    p95: float
    p99: float
    max: float
    busy: float

    @property
    def received_per_second(self) -> float:
        return self.received / self.seconds


class _Plan(ctypes.Structure):
    _fields_ = (
        ("receivers", ctypes.POINTER(ctypes.c_int)),
        ("receiver_count", ctypes.c_int),
        ("senders", ctypes.POINTER(ctypes.c_int)),
        ("sender_count", ctypes.c_int),
        ("frames", ctypes.POINTER(ctypes.c_char_p)),
        ("frame_sizes", ctypes.POINTER(ctypes.c_int)),
        ("frames_per_sender", ctypes.c_int),
        ("marker", ctypes.c_char_p),
        ("window", ctypes.c_int),
        ("rate", ctypes.c_double),
        ("warm_up_seconds", ctypes.c_double),
        ("seconds", ctypes.c_double),
        ("within", ctypes.c_char_p),
        ("first_number", ctypes.c_uint64),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("sent", ctypes.c_uint64),
        ("received", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("seconds", ctypes.c_double),
        ("worked_micros", ctypes.c_uint64),
        ("latencies", ctypes.POINTER(ctypes.c_uint32)),
        ("error", ctypes.c_char * 200),
    )


def client_frame(text: str) -> bytes:
    """Return a text frame as a client sends it. The mask is all zeros, so the payload stands in it as it is."""
    data = text.encode()
    size = len(data)
    if size < _SMALL_FRAME:
        head = bytes((0x81, _MASKED | size))
    elif size < _MEDIUM_FRAME:
        head = bytes((0x81, _MASKED | 126)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x81, _MASKED | 127)) + size.to_bytes(8, "big")
    return head + b"\0\0\0\0" + data


def fanout(
    receivers: Sequence[int],
    senders: Sequence[int],
    frames: Sequence[str],
    marker: bytes,
    *,
    window: int = 0,
    rate: float = 0,
    seconds: float,
    warm_up_seconds: float = 0.5,
) -> Outcome:
    """Send messages that every receiver gets: `window` in flight, or `rate` a second. One frame text for each sender.

    receivers, senders: file descriptors of open WebSockets; `NUMBER` in a text is replaced by the message's number.
    marker: what stands in each delivered message and in no other frame.
    """
    return _run(
        "fanout", receivers, senders, [[frame] for frame in frames], marker, window, rate, seconds, warm_up_seconds
    )


def responses(
    senders: Sequence[int],
    frames: Sequence[Sequence[str]],
    marker: bytes,
    *,
    others: Sequence[int] = (),
    window: int,
    seconds: float,
    warm_up_seconds: float = 0.5,
) -> Outcome:
    """Have each sender keep `window` requests in flight, taking its texts in turn; count the responses.

    others: sockets whose frames are read and dropped.
    """
    return _run("responses", others, senders, frames, marker, window, 0, seconds, warm_up_seconds)


def watch(receivers: Sequence[int], marker: bytes, within: bytes, *, seconds: float) -> Outcome:
    """Only listen. The digits after each `marker` say when that piece was made: `stamp()`.

    within: what stands in the frames that count; a piece may come again in others.
    """
    return _run("watch", receivers, (), (), marker, 0, 0, seconds, 0, within)


def stamp() -> int:
    """Return the time as `watch` understands it: microseconds of the monotonic clock, the same in all processes."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def _run(
    function: str,
    receivers: Sequence[int],
    senders: Sequence[int],
    frames: Sequence[Sequence[str]],
    marker: bytes,
    window: int,
    rate: float,
    seconds: float,
    warm_up_seconds: float,
    within: bytes = b"",
) -> Outcome:
    global _next_number
    ready = [client_frame(text) for texts in frames for text in texts]
    plan = _Plan(
        receivers=(ctypes.c_int * len(receivers))(*receivers),
        receiver_count=len(receivers),
        senders=(ctypes.c_int * len(senders))(*senders),
        sender_count=len(senders),
        frames=(ctypes.c_char_p * len(ready))(*ready),
        frame_sizes=(ctypes.c_int * len(ready))(*map(len, ready)),
        frames_per_sender=len(frames[0]) if frames else 0,
        marker=marker,
        window=window,
        rate=rate,
        warm_up_seconds=warm_up_seconds,
        seconds=seconds,
        within=within,
        first_number=_next_number,
    )
    _next_number += _NUMBERS_A_LOAD
    histogram = (ctypes.c_uint32 * _HISTOGRAM_BUCKETS)()
    result = _Result(latencies=histogram)
    began = time.monotonic()
    if getattr(_library(), function)(ctypes.byref(plan), ctypes.byref(result)) != 0:
        raise LoadFailed(result.error.decode())
    busy = result.worked_micros / 1e6 / (time.monotonic() - began)
    p50, p95, p99, largest = quantiles(histogram, 0.5, 0.95, 0.99, 1.0)
    return Outcome(result.sent, result.received, result.bytes, result.seconds, p50, p95, p99, largest, busy)


def quantiles(histogram: "ctypes.Array[ctypes.c_uint32]", *wanted: float) -> list[float]:
    """Return quantiles, in milliseconds, of a histogram that counts each microsecond."""
    found = (ctypes.c_uint64 * len(wanted))()
    _library().quantiles(histogram, (ctypes.c_double * len(wanted))(*wanted), len(wanted), found)
    return [micros / 1000 for micros in found]


@cache
def _library() -> Any:
    """Load load.c, compiled."""
    library = ctypes.CDLL(str(compiled(_SOURCE, "-shared", "-fPIC")))
    for function in ("fanout", "responses", "watch"):
        getattr(library, function).argtypes = (ctypes.POINTER(_Plan), ctypes.POINTER(_Result))
    return library
