"""Which backend a model stands on. One of each for the process."""

from typing import Final

from chat.claude.backends.backend import Backend
from chat.claude.backends.client import AnthropicBackend
from chat.claude.backends.demo import DemoBackend
from chat.known_models import KnownModel
from chat.model_choice import DEMO_MODEL, is_demo, is_demo_model

_ANTHROPIC: Final = AnthropicBackend()
_DEMO: Final = DemoBackend()


def backend_for(model: str) -> Backend:
    return _DEMO if is_demo_model(model) else _ANTHROPIC


async def list_models() -> list[KnownModel]:
    """Return the models that may be called here, as Anthropic lists them; raise CallFailed and errors of the SDK."""
    return [KnownModel(DEMO_MODEL, "Demo", efforts=())] if is_demo() else await _ANTHROPIC.list_models()


async def warm_up() -> None:
    """Load what the first reply would wait for."""
    if not is_demo():
        await _ANTHROPIC.warm_up()


async def close_backends() -> None:
    """Close the connections of this event loop."""
    await _ANTHROPIC.close()
    await _DEMO.close()
