"""What a model can take in besides text, as far as this process knows."""

from typing import Final, NamedTuple

from chat import known_models
from chat.lifetime import part
from chat.model_choice import is_demo_model


class Abilities(NamedTuple):
    pictures: bool = True


# The demo reads nothing: no file is prepared for it.
_NONE: Final = Abilities(pictures=False)


class Known(dict[str, Abilities]):
    """What this process has been told, by model."""


def abilities_of(model: str) -> Abilities:
    """Return what a model can take in. One that no one has told of is taken to see: a refusal tells, and is remembered."""
    if is_demo_model(model):
        return _NONE
    return part(Known).get(model) or Abilities(pictures=known_models.of(model).pictures)


def remember(model: str, able: Abilities) -> None:
    part(Known)[model] = able
