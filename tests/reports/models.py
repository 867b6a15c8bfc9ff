"""What Anthropic tells of a model, and what Parley then knows: GET /v1/models, with all that may be missing from it."""

from datetime import date
from typing import Any, Final, NamedTuple

from chat.known_models import KnownModel
from fake_claude.wire import capabilities, model_info, thinking_of

_YES: Final = {"supported": True}
_NO: Final = {"supported": False}


class Case(NamedTuple):
    """told: an entry of the list. known: what is known of it; None where it is left out."""

    kind: str
    told: dict[str, Any]
    known: KnownModel | None

    def __str__(self) -> str:
        return self.kind


def _info(**facts: Any) -> dict[str, Any]:
    return model_info("claude-next", display_name="Claude Next", **facts)


def _able(**less: Any) -> dict[str, Any]:
    return _info(capabilities=capabilities(**less))


_NEXT: Final = KnownModel("claude-next", "Claude Next", unthinking="between_tools")
_FEWER: Final = {"supported": True, "low": _YES, "medium": _YES, "high": _YES, "xhigh": None, "max": _NO}

CASES: Final = (
    Case("a model of today", _info(), _NEXT),
    Case("no effort", _able(effort=_NO), _NEXT._replace(efforts=())),
    Case("no effort, with its levels", _able(effort={**_FEWER, **_NO}), _NEXT._replace(efforts=())),
    Case("fewer efforts", _able(effort=_FEWER), _NEXT._replace(efforts=("low", "medium", "high"))),
    Case("no pictures", _able(image_input=_NO), _NEXT._replace(pictures=False)),
    Case("no PDFs", _able(pdf_input=_NO), _NEXT._replace(pdfs=False)),
    Case("capabilities of null", _info(capabilities=None), _NEXT._replace(unthinking="")),
    Case("one capability of null", _able(pdf_input=None), _NEXT._replace(pdfs=False)),
    Case("always thinks", _able(thinking=thinking_of("opus")), _NEXT._replace(unthinking="")),
    Case("can do without thinking", _able(thinking=thinking_of("haiku")), _NEXT._replace(unthinking="disabled")),
    Case("says nothing of types of thinking", _able(thinking=_YES), _NEXT._replace(unthinking="")),
    Case("thinking of null", _able(thinking=None), _NEXT._replace(unthinking="")),
    Case("shorter replies", _info(max_tokens=8_192), _NEXT._replace(most_output=8_192)),
    Case("tokens of null", _info(max_tokens=None, max_input_tokens=None), _NEXT),
    Case("a shorter context", _info(max_input_tokens=200_000), _NEXT._replace(most_input=200_000)),
    Case("no name", _info() | {"display_name": ""}, _NEXT._replace(name="claude-next")),
    Case("retired", _info(lifecycle="retired"), None),
    Case("deprecated", _info(lifecycle="deprecated"), _NEXT._replace(is_leaving=True)),
    Case(
        "deprecated with a day",
        _info(lifecycle="deprecated", retires_at="2027-01-05T00:00:00Z"),
        _NEXT._replace(is_leaving=True, retires=date(2027, 1, 5)),
    ),
    Case(
        "a day for an active one",
        _info(retires_at="2028-01-05T12:00:00+02:00"),
        _NEXT._replace(retires=date(2028, 1, 5)),
    ),
    Case("a lifecycle of tomorrow", _info(lifecycle="resting"), _NEXT),
    Case("a field of tomorrow", _info(colour="green"), _NEXT),
)

WARNINGS: Final = (
    (_NEXT, ""),
    (_NEXT._replace(retires=date(2027, 3, 1)), "retires on 2027-03-01"),
    (_NEXT._replace(retires=date(2027, 3, 2)), ""),
    (_NEXT._replace(retires=date(2026, 11, 1)), "retires on 2026-11-01"),
    (_NEXT._replace(is_leaving=True, retires=date(2028, 1, 1)), "retires on 2028-01-01"),
    (_NEXT._replace(is_leaving=True), "will be retired"),
)
"""What people are told of a model on 2026-12-01."""
