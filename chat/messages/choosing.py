"""What a person may choose for one prompt: the model, the effort and whether it thinks, else as the room has them."""

from django.conf import settings
from msgspec import UNSET, UnsetType

from chat.billing import pricing
from chat.model_choice import AS_THE_ROOM, Chosen, may_be_offered
from chat.protocol.errors import failed
from chat.protocol.room_settings import OF_ONE_PROMPT, ClaudeChoice


def is_known(model: str) -> bool:
    """Whether a model may be chosen. With one that no one knows, every reply would fail."""
    return model in ("", settings.CLAUDE_MODEL) or pricing.has_price(model) or may_be_offered(model)


def chosen_in(request: ClaudeChoice | UnsetType, otherwise: Chosen = AS_THE_ROOM) -> Chosen:
    """Return what a request chooses; `otherwise` where it says nothing of it. Raises REQUEST_FAILED for an unknown model."""
    if request is UNSET:
        return otherwise
    found = {name: getattr(request, name) for name in OF_ONE_PROMPT}
    chosen = {name: value.strip() for name, value in found.items() if value is not UNSET and value.strip()}
    if not is_known(chosen.get("model", "")):
        raise failed("Unknown model. Choose one that this server offers, or the room's own.")
    return chosen
