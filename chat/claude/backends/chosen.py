"""Which backend a model stands on. One of each for the process."""

from chat.claude.backends.backend import Backend
from chat.claude.backends.client import AnthropicBackend
from chat.claude.backends.demo import DemoBackend
from chat.known_models import KnownModel
from chat.lifetime import part
from chat.model_choice import DEMO_MODEL, is_demo, is_demo_model


def backend_for(model: str) -> Backend:
    return part(DemoBackend) if is_demo_model(model) else part(AnthropicBackend)


async def list_models() -> list[KnownModel]:
    """Return the models that may be called here, as Anthropic lists them; raise CallFailed and errors of the SDK."""
    return [KnownModel(DEMO_MODEL, "Demo", efforts=())] if is_demo() else await part(AnthropicBackend).list_models()


def file_account() -> str:
    """Return a name for the account that keeps uploaded files."""
    return part(AnthropicBackend).account


async def forget_file(file_id: str) -> bool:
    """Have an uploaded file deleted; return whether it is gone."""
    return await part(AnthropicBackend).delete_file(file_id)


async def warm_up() -> None:
    """Load what the first reply would wait for."""
    if not is_demo():
        await part(AnthropicBackend).warm_up()


async def close_backends() -> None:
    """Close the connections of this event loop."""
    await part(AnthropicBackend).close()
    await part(DemoBackend).close()
