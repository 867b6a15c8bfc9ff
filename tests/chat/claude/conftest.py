"""The fake of Anthropic's API, and a backend that calls it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from chat.claude.backends.client import AnthropicBackend
from fake_claude import FakeClaude

KEY = "sk-test-0123456789"


@pytest.fixture
def fake(settings: Any) -> Iterator[FakeClaude]:
    """The server stands where the settings say that Anthropic is."""
    with FakeClaude() as fake:
        settings.ANTHROPIC_API_KEY = KEY
        settings.ANTHROPIC_BASE_URL = fake.url
        settings.CLAUDE_BACKEND = "anthropic"
        yield fake


@pytest.fixture
async def backend() -> AsyncIterator[AnthropicBackend]:
    backend = AnthropicBackend()
    yield backend
    await backend.close()
