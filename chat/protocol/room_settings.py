"""How Claude behaves in a room: each setting is declared once, as a field of `ClaudeSettings`.

Its type bounds what a request may bring, and chooses the field of a form; its `Setting` is what people read. Made of that
are the options of requests (below), what the presenter shows, the forms of the pages and of the admin site, and what a
prompt loads. Its column in `chat.models.Room` is its name after `claude_`: `claude_every_message` for `everyMessage`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple, get_type_hints

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chat.protocol.base import Wire

ToolName = Literal["search_history", "list_members", "read_attachment"]
Effort = Literal["", "low", "medium", "high", "xhigh", "max"]
Thinking = Literal["", "on", "off"]
"""Whether the model may think before it replies; empty: as it does on its own, or as the room has it."""
Domain = Annotated[str, Meta(max_length=253)]
"""The name of a site, as `chat.rooms.domains` writes it."""
# Two lists of the longest names, in the longest spelling, must fit into a frame.
DOMAINS_AT_MOST: Final = 25


class Setting(NamedTuple):
    """What people read of a setting: its label, a sentence below it, an example within an empty field.

    in_sessions_only: other rooms have no choice, and a request that sets it there is refused with `elsewhere`.
    """

    label: str
    hint: str = ""
    example: str = ""
    in_sessions_only: bool = False
    elsewhere: str = ""


class ClaudeSettings(Wire):
    """How Claude behaves in a room. `model` is the one that replies here."""

    model: Annotated[str, Meta(max_length=80), Setting("Model")]
    instructions: Annotated[
        str,
        Meta(max_length=4000),
        Setting(
            "Instructions",
            "What Claude is told before everything else. All members can read it.",
            "For example: We are planning a trip to Norway. Reply briefly, and in tables where that helps.",
        ),
    ]
    everyMessage: Annotated[
        bool,
        Setting(
            "Claude replies to every message",
            "If off, people can talk among themselves, and Claude replies when someone writes @claude.",
            in_sessions_only=True,
            elsewhere="Outside sessions, Claude only replies when it is mentioned.",
        ),
    ]
    tools: Annotated[
        list[ToolName],
        Meta(max_length=10),
        Setting("Tools that Claude may use", "All off at first. Each use is shown in the reply."),
    ]
    effort: Annotated[
        Effort,
        Setting("Effort", "How much Claude thinks before it replies. More takes longer and costs more."),
    ]
    thinking: Annotated[
        Thinking,
        Setting(
            "Thinking",
            "“Off”: Claude begins to reply sooner, and less well where there is much to think about. Not every model lets"
            " its thinking be switched off, and at the efforts “xhigh” and “max” none does.",
        ),
    ]
    webSearch: Annotated[
        bool,
        Setting(
            "Claude may search the web",
            "What it searches for goes to Anthropic's search. Each search costs money, and counts towards the limits.",
        ),
    ]
    webFetch: Annotated[
        bool,
        Setting(
            "Claude may open web pages",
            "Only those whose address stands in a message here, or was found on the web. What it reads costs tokens.",
        ),
    ]
    webDomains: Annotated[
        list[Domain],
        Meta(max_length=DOMAINS_AT_MOST),
        Setting("Only these sites", "One domain a line, with its subdomains. Empty: the whole web.", "example.org"),
    ]
    webBlockedDomains: Annotated[
        list[Domain],
        Meta(max_length=DOMAINS_AT_MOST),
        Setting(
            "Never these sites", "One domain a line, with its subdomains. Fill in one of the two lists.", "example.org"
        ),
    ]
    webUses: Annotated[
        int,
        Meta(ge=1, le=10),
        Setting("Uses of the web per reply", "So many searches, and so many pages: 1 to 10."),
    ]


TYPES: Final[dict[str, Any]] = get_type_hints(ClaudeSettings, include_extras=True)
"""The annotated type of each setting, by its name on the wire."""

SETTINGS: Final[dict[str, Setting]] = {
    name: next(each for each in type_.__metadata__ if isinstance(each, Setting)) for name, type_ in TYPES.items()
}
"""What people read of each setting, in the order of forms."""

OF_ONE_PROMPT: Final = ("model", "effort", "thinking")
"""What a person may choose otherwise for one prompt."""

if TYPE_CHECKING:

    class ClaudeOptions(msgspec.Struct):
        """`ClaudeSettings` in a request: any of its fields."""

        def __init__(self, **chosen: Any) -> None: ...

    class ClaudeChoice(ClaudeOptions):
        """The settings that are chosen for one prompt: any of OF_ONE_PROMPT."""

else:

    def _options(name: str, fields: Iterable[str], meaning: str) -> type[msgspec.Struct]:
        return msgspec.defstruct(
            name,
            [(field, TYPES[field] | UnsetType, UNSET) for field in fields],
            module=__name__,
            namespace={"__doc__": meaning},
            frozen=True,
            forbid_unknown_fields=True,
        )

    ClaudeOptions = _options(
        "ClaudeOptions",
        TYPES,
        "How Claude behaves in a room; what is left out stays. An empty model: the installation's.",
    )
    ClaudeChoice = _options(
        "ClaudeChoice",
        OF_ONE_PROMPT,
        "How Claude replies to one prompt; what is left out or empty is as the room has it.",
    )
