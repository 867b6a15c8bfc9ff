"""What every shape that goes out is made of."""

import msgspec

Id = str
Millis = int


class Wire(msgspec.Struct, frozen=True, gc=False, omit_defaults=False):
    """Base of everything that goes out. Holds no cycles, so the garbage collector need not look at it."""
