"""Mentions: what a text shows as one is what its person is told, and what makes Claude reply.

Members of the room: joe, joe.smith, j.r, bob, x_y, ann-lee. Strangers to it: mallory, joe.smith-jones.
"""

from typing import Final, NamedTuple

MEMBERS: Final = ("joe", "joe.smith", "j.r", "bob", "x_y", "ann-lee")
STRANGERS: Final = ("mallory", "joe.smith-jones")


class Case(NamedTuple):
    """shown: what stands in the page as mentions, in its order."""

    kind: str
    text: str
    shown: tuple[str, ...] = ()


CASES: Final = (
    Case("a name", "@bob", ("@bob",)),
    Case("a name in other letters", "hello @BoB!", ("@BoB",)),
    Case("two names", "@bob, @joe: look", ("@bob", "@joe")),
    Case("one name twice", "@bob and @bob", ("@bob", "@bob")),
    Case("in brackets", "(@bob) [@joe]", ("@bob", "@joe")),
    Case("emphasis around it", "_@bob_ *@joe* ***@bob***", ("@bob", "@joe", "@bob")),
    Case("strong emphasis around it", "__@bob__ **@joe**", ("@bob", "@joe")),
    Case("struck out, it is still said", "~~@bob~~", ("@bob",)),
    Case("in a heading, a list, a table", "# @bob\n\n- @joe\n\n| a |\n|---|\n| @x_y |", ("@bob", "@joe", "@x_y")),
    Case("on its own line", "hello\n@bob\nbye", ("@bob",)),
    # --- Code
    Case("code", "`@bob`"),
    Case("code with more marks", "``@bob ` @joe``"),
    Case("a fence", "```\n@bob\n```"),
    Case("a fence with a language", "```python\n@bob\ndef f(): ...\n```"),
    Case("tildes", "~~~\n@bob\n~~~"),
    Case("indented code", "text\n\n    @bob\n"),
    Case("code that is not closed", "```\n@bob"),
    Case("a name beside code", "`@joe` @bob", ("@bob",)),
    Case("a mark that closes nothing is no code", "`@bob", ("@bob",)),
    # --- Links
    Case("the words of a link", "[@bob](https://x.org)"),
    Case("the address of a link", "[x](https://x.org/@bob)"),
    Case("the title of a link", '[x](https://x.org "@bob")'),
    Case("a link reference", '[x]: /u "@bob"'),
    Case("a bare address", "https://x.org/?u=@bob"),
    Case("a bare address with a path", "https://x.org/@bob/1"),
    Case("an address in angles", "<https://x.org/@bob>"),
    Case("an address of mail", "mailto:a@bob.org a@bob.org"),
    Case("an address of mail in other scripts", "é@bob почта@bob e\u0301@bob हिन्दी@bob"),
    Case("a handle of another site", "@joe@example.org"),
    Case("a path", "example.org/@bob"),
    Case("a name after a link", "https://x.org @bob", ("@bob",)),
    # --- What others said
    Case("a quotation", "> @bob said so"),
    Case("a quotation in a list", "- > @bob"),
    Case("a list in a quotation", "> - @bob\n\n@joe", ("@joe",)),
    Case("a lazy line of a quotation", "> well\n@bob"),
    # --- Names that do not exist
    Case("names of groups", "@here @everyone @all @channel"),
    Case("no such person", "@stranger"),
    Case("a package", "@types/node"),
    Case("a package whose scope is a person's name", "@bob/tools"),
    Case("a decorator", "@Override public"),
    Case("a longer word", "@bobby @joey"),
    Case("a longer word in other scripts", "@bobé @bobж @bobe\u0301 @bob１"),
    Case("more characters than a name has", "@" + "n" * 40),
    Case("a name and more than fits", "@bob." + "n" * 40, ("@bob",)),
    Case("an @ alone", "@ @@ @. @-"),
    Case("two of them", "@@bob"),
    # --- The longest name that exists
    Case("a full stop", "ask @joe.", ("@joe",)),
    Case("a full stop and no space", "thanks @joe.Then go", ("@joe",)),
    Case("a dash", "@joe- yes", ("@joe",)),
    Case("an underscore", "@joe_", ("@joe",)),
    Case("dots within and behind", "@j.r.", ("@j.r",)),
    Case("the longer of two", "@joe.smith", ("@joe.smith",)),
    Case("the longer of two, and a full stop", "@joe.smith.", ("@joe.smith",)),
    Case("many dots", "@bob...", ("@bob",)),
    Case("dashes", "@ann-lee-- and @ann-lee", ("@ann-lee", "@ann-lee")),
    Case("a possessive", "@bob's and @joe’s", ("@bob", "@joe")),
    Case("a slash between two", "@bob/@joe", ("@bob", "@joe")),
    # --- Other scripts
    Case("Japanese beside it", "すみません@bobさん", ("@bob",)),
    Case("Chinese beside it", "请@bob看一下", ("@bob",)),
    Case("Korean behind it", "@bob님 @joe에게", ("@bob", "@joe")),
    Case("Thai beside it", "ถาม@bobครับ", ("@bob",)),
    Case("Arabic beside it, with a space", "مرحبا @bob", ("@bob",)),
    Case("full-width punctuation", "（@bob）、@joe。", ("@bob", "@joe")),
    Case("emphasis in Japanese", "**@bob**さん", ("@bob",)),
    # --- Emoji, and marks
    Case("emoji beside it", "👍@bob🎉 🇨🇭@joe", ("@bob", "@joe")),
    Case("an emoji with its form before it", "❤️@bob ☎\ufe0e@joe", ("@bob", "@joe")),
    Case("a key before it", "1️⃣@bob #️⃣@joe", ("@bob", "@joe")),
    Case("joined emoji before it", "👩\u200d❤️\u200d👩@bob", ("@bob",)),
    Case("a form behind it, of nothing", "@bob\ufe0f @joe\ufe0e! @x_y\U000e0100", ("@bob", "@joe", "@x_y")),
    Case("an emoji with its form behind it", "@bob❤️ @joeℹ️", ("@bob",)),
    Case("a circle around its last letter", "@bob\u20dd", ("@bob",)),
    Case("a mark on its last letter makes another letter", "@bob\u0301 @joe\u0323"),
    Case("a mark of no letter before it", "\u0301@bob"),
    Case("what is not seen behind it", "@bob\u200b @joe\u2060, @x_y\u00ad", ("@bob", "@joe", "@x_y")),
    # --- Escapes and entities
    Case("an escaped @", r"\@bob"),
    Case("an escaped underscore in a name", r"@x\_y", ("@x_y",)),
    Case("an entity", "&#64;bob &commat;joe @bob", ("@bob",)),
    # --- People of other rooms
    Case("a person who is not in the room", "@mallory"),
    Case("a longer name that exists is the one that is meant", "@joe.smith-jones"),
)

# Texts that do, and texts that do not, have Claude reply in a room.
CALLS: Final = (
    "@claude help", "@Claude", "**@claude**", "_@claude_ hm", "@claude.", "@claude- so", "ねえ@claude教えて",
    "> quoted\n\n@claude", "- @claude", "(@claude)",
)  # fmt: skip
CALLS_NOT: Final = (
    "`@claude`", "```\n@claude\n```", "> @claude", "[@claude](https://x.org)", "https://x.org/@claude", "a@claude.ai",
    '[x]: /u "@claude"', r"\@claude", "@claudette", "@claude/sdk", "    @claude", "éclair@claude",
)  # fmt: skip
