"""A grammar of texts that are hard on whatever reads them: nesting, repetition, languages, and what no one sees.

A recipe can be cooked at any size. So what a text costs at one size can be compared with what it costs at twice that.
"""

from typing import Final, NamedTuple

from hypothesis import strategies as st

# Pieces of markdown and of what stands in texts that a rule may look for, and stop at.
_SIGNS: Final = (
    "*", "**", "_", "__", "~~", "`", "``", "```", "[", "]", "(", ")", "![", "<", ">", "<!--", "-->", "&", "&amp;", "\\", "|",
    "|-", "#", "-", "1.", ":", "://", "http://", "https://a.b/", "mailto:", "@", "@a", "@claude", "/", "//", "'", '"', "$",
    "{", "}", "=", "+", ".", "[a]: b", "[a](", "](b)", "<a@b>", "<a ", "</", "/*", "<<A", "0", "a",
)  # fmt: skip
_SPACES: Final = ("", " ", "  ", "\t", "\n", "\n\n", "  \n", "\r\n", "\u00a0", "\u2028", "\u3000")
# Letters of other scripts, marks that pile up, signs that turn the direction or that no one sees, and emoji of many parts.
_OTHERS: Final = (
    "é", "\u0301", "日本", "हिन्दी", "مرحبا", "שלום", "한국", "ไทย", "\u202e", "\u2066", "\u200b", "\u200d", "\ufe0f", "İ",
    "ß", "😀", "👩\u200d👩\u200d👧", "🇳🇴", "1\u20e3", "\U000e0041", "\u0d4d", "ﷺ",
)  # fmt: skip
# Those that the page colours, those that once held a process, and one that no one knows.
LANGUAGES: Final = (
    "", "bash", "c", "cpp", "css", "diff", "dockerfile", "go", "html", "ini", "java", "javascript", "json", "kotlin",
    "markdown", "php", "python", "ruby", "rust", "sql", "typescript", "xml", "yaml", "mcschema", "autohotkey", "klingon",
)  # fmt: skip


class Recipe(NamedTuple):
    """A text by its parts: what begins it, what is repeated, what stands in the middle, what closes each, what ends it."""

    begins: str
    repeats: str
    middle: str = ""
    closes: str = ""
    ends: str = ""

    def of(self, chars: int) -> str:
        """Return the text with about so many characters."""
        times = max(1, (chars - len(self.begins + self.middle + self.ends)) // (len(self.repeats) + len(self.closes)))
        return self.begins + self.repeats * times + self.middle + self.closes * times + self.ends


# And any other character: those that control a terminal, and NUL, which is refused, as well.
_any_other: Final = st.characters(exclude_categories=["Cs"]) | st.characters(categories=["Cc"])
_piece: Final = st.sampled_from(_SIGNS) | st.sampled_from(_SPACES) | st.sampled_from(_OTHERS) | _any_other
_phrase: Final = st.lists(_piece, min_size=1, max_size=4).map("".join)
_unit: Final = _phrase.filter(len)
_maybe: Final = st.just("") | _phrase

# All five are given: of a named tuple Hypothesis makes up what is not, although it has a default.
_repetition: Final = st.builds(Recipe, _maybe, _unit, st.just(""), st.just(""), _maybe)
_nesting: Final = st.builds(Recipe, _maybe, _unit, _maybe, _unit, _maybe)
_lines: Final = st.builds(lambda begins, unit, ends: Recipe(begins, f"{unit}\n", ends=ends), _maybe, _phrase, _maybe)
_code: Final = st.builds(
    lambda language, begins, unit, ends: Recipe(f"```{language}\n{begins}", unit, ends=f"{ends}\n```"),
    st.sampled_from(LANGUAGES), _maybe, _unit, _maybe,
)  # fmt: skip
_table: Final = st.builds(
    lambda cells, unit: Recipe("a|" * cells + "\n" + "-|" * cells + "\n", f"{unit}|\n"), st.integers(1, 12), _phrase
)
_references: Final = st.builds(
    lambda name, unit: Recipe(f"[{name}]: b\n\n", unit), st.sampled_from(["a", "日", "*"]), _unit
)

RECIPES: Final = st.one_of(_repetition, _nesting, _lines, _code, _table, _references)
