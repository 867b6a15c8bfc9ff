"""Why a socket was closed. The range tells a client what to do: 4000 to 4099 come back, 4100 to 4199 stay away."""

from enum import IntEnum


class CloseCode(IntEnum):
    DONE = 1000
    BINARY_FRAME = 1003
    INVALID_UTF8 = 1007
    FRAME_TOO_BIG = 1009
    OUR_FAULT = 1011
    RESTART = 1012
    PONG_TIMEOUT = 4000
    TOO_SLOW = 4001
    FLOODING = 4002
    POSITION_LOST = 4003
    SIGNED_OUT = 4100
    DEACTIVATED = 4101
    BANNED = 4102


REASONS = {
    CloseCode.DONE: "Done",
    CloseCode.BINARY_FRAME: "Text frames only",
    CloseCode.INVALID_UTF8: "Invalid UTF-8",
    CloseCode.FRAME_TOO_BIG: "Frame too big",
    CloseCode.OUR_FAULT: "Internal error",
    CloseCode.RESTART: "Restarting",
    CloseCode.PONG_TIMEOUT: "Pong timeout",
    CloseCode.TOO_SLOW: "Too slow to keep up",
    CloseCode.FLOODING: "Flooding",
    CloseCode.POSITION_LOST: "Position lost",
    CloseCode.SIGNED_OUT: "Signed out",
    CloseCode.DEACTIVATED: "Account deactivated",
    CloseCode.BANNED: "Account banned",
}
