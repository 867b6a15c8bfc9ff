"""The cast is that of tests/chat."""

from tests.chat.conftest import alice, bob
from tests.chat.fixtures import silence

__all__ = ["alice", "bob", "silence"]
