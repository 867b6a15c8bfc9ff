"""What a call asks for beside its words: to be told what the model thinks, and how much effort it makes.

Models differ in what they take. A call that is refused for one of these is made again without it, and the model is not
asked for it any more.
"""

from typing import Any, Final

import structlog

from chat.claude.backends.backend import Call

log = structlog.get_logger(__name__)

Wanted = dict[str, dict[str, Any]]

# Current models think by default, and in silence; this asks for a summary of what they think.
_THINKING: Final = {"type": "adaptive", "display": "summarized"}
# Parameters, and the words by which a refusal names them. The first that is found goes.
_WORDS: Final = (("output_config", ("effort", "output_config")), ("thinking", ("thinking",)))


class Extras:
    def __init__(self) -> None:
        self._refused: set[tuple[str, str, str]] = set()  # models, parameters, values

    def of(self, call: Call) -> Wanted:
        """Return the parameters that a model has not refused yet."""
        wanted: Wanted = {"thinking": {"type": call.unthinking} if call.unthinking else _THINKING}
        if call.effort:
            wanted["output_config"] = {"effort": call.effort}
        return {name: value for name, value in wanted.items() if (call.model, name, str(value)) not in self._refused}

    def asked_in_vain(self, call: Call, taken: Wanted) -> tuple[str, ...]:
        """Return the fields of a call for which the parameters that were taken have nothing."""
        fields = {"effort": call.effort and "output_config", "unthinking": call.unthinking and "thinking"}
        return tuple(field for field, parameter in fields.items() if parameter and parameter not in taken)

    def learn(self, call: Call, taken: Wanted) -> None:
        """Remember what a call was taken without."""
        for name, value in self.of(call).items():
            if name in taken:
                continue
            self._refused.add((call.model, name, str(value)))
            log.info("claude.parameter_refused", model=call.model, parameter=name)


def without_refused(wanted: Wanted, error: Exception) -> Wanted | None:
    """Return the parameters without the one that an error is about; None when it is about something else."""
    said = str(getattr(error, "api_message", "")).lower()
    if getattr(error, "status_code", None) != 400:
        return None
    for name, words in _WORDS:
        if name in wanted and any(word in said for word in words):
            return {each: value for each, value in wanted.items() if each != name}
    return None
