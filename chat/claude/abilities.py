"""What a model can take in besides text, and do, as far as this process knows."""

from typing import Final, NamedTuple

from chat import known_models
from chat.model_choice import is_demo_model


class Abilities(NamedTuple):
    pictures: bool = True
    pdfs: bool = True
    web: bool = True


# The demo reads nothing: no file is prepared for it.
_NONE: Final = Abilities(pictures=False, pdfs=False, web=False)


def abilities_of(model: str) -> Abilities:
    """Return what a model can take in. One that no one has told of is taken to see."""
    if is_demo_model(model):
        return _NONE
    known = known_models.of(model)
    return Abilities(pictures=known.pictures, pdfs=known.pdfs, web=known.web)
