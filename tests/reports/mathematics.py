r"""Mathematics is kept as it was written, and money is not taken for it. Both parsers run these.

kept: what stands in the page as mathematics, in its order. plain: what is left beside it, if that is worth a word.
"""

from typing import Final, NamedTuple


class Case(NamedTuple):
    kind: str
    text: str
    kept: tuple[str, ...] = ()


_MATRIX: Final = r"$$\begin{pmatrix}a & b \\ c & d\end{pmatrix}$$"

CASES: Final = (
    Case("round brackets", r"Let \(x\) be", (r"\(x\)",)),
    Case("square brackets", r"\[x = 1\]", (r"\[x = 1\]",)),
    Case("two dollars", "$$x$$", ("$$x$$",)),
    Case("a dollar", "the $x$-axis, $n$.", ("$x$", "$n$")),
    Case("Chinese beside it", "其中$x_1$和$x^{*} y^{*}$是变量", ("$x_1$", "$x^{*} y^{*}$")),
    Case("Japanese beside it", "値は$a*b*c$です。", ("$a*b*c$",)),
    Case("Korean beside it", "함수 $f_1$는 $g_1$와", ("$f_1$", "$g_1$")),
    Case("Thai beside it", "ให้$x$เป็นค่า", ("$x$",)),
    Case("Han beyond the basic plane beside it", "𠮷$x$𠮷", ("$x$",)),
    Case("Latin letters beside it", "a$x$ $x$b"),
    Case("Cyrillic letters beside it", "где$x$это"),
    Case("money in Japanese", "価格は$5です。送料は$3です。"),
    Case("money in Chinese", "花了$5和10$。又花了$100億和$200億"),
    Case("a matrix", _MATRIX, (_MATRIX,)),
    Case("stars", "$x^{*} y^{*}$", ("$x^{*} y^{*}$",)),
    Case("underscores", r"\(a_1 b_2\) and $c_1 d_2$", (r"\(a_1 b_2\)", "$c_1 d_2$")),
    Case("a line of signs", "$$\nx\n=\n1\n$$", ("$$\nx\n=\n1\n$$",)),
    Case("lines like lists and headings", "\\[\n- a\n+ b\n1. c\n# d\n> e\n\\]", ("\\[\n- a\n+ b\n1. c\n# d\n> e\n\\]",)),
    Case("indented lines", "$$\n    x\n      y\n$$", ("$$\n    x\n      y\n$$",)),
    Case("behind a line of words", "So:\n$$\nx\n$$\nand", ("$$\nx\n$$",)),
    Case("in a list", "- so:\n\n  $$\n  x\n  -\n  $$\n- b", ("$$\nx\n-\n$$",)),
    Case("in a quotation", "> $$\n> a\n> =\n> $$", ("$$\na\n=\n$$",)),
    Case("in a table", "| a |\n|---|\n| $x_1 * y_1$ |", ("$x_1 * y_1$",)),
    Case("in emphasis", "**$x*y$** and *\\(a*b\\)*", ("$x*y$", r"\(a*b\)")),
    Case("in the words of a link", "[$x_1$](https://x.org)", ("$x_1$",)),
    Case("in a heading", "# The $\\pi_1$ group", ("$\\pi_1$",)),
    Case("angles and ampersands", r"$a < b & c > d$", ("$a < b & c > d$",)),
    Case("an escaped dollar within", r"$\$x$", (r"$\$x$",)),
    Case("an address or a name within", "$@bob$ \\(https://x.org\\)", ("$@bob$", r"\(https://x.org\)")),
    Case("beside wide signs", "因为$x_1$，所以\\(y_1\\)。", ("$x_1$", r"\(y_1\)")),
    Case("two displayed in one line", "$$a$$ and $$b$$", ("$$a$$", "$$b$$")),
    # --- Money, shells, templates
    Case("two prices", "It costs $5 and $10."),
    Case("prices that end in signs", "$5 for me and 10$ for you"),
    Case("a range", "$5-$10 or $5/$10"),
    Case("a currency", "US$5 and US$10, 5$US"),
    Case("variables of a shell", "$HOME and $PATH, $HOME/$PATH"),
    Case("a template", "${name} and ${other}"),
    Case("a dollar alone", "$ and $ and 5$"),
    Case("an escaped dollar", r"\$x\$"),
    Case("over lines", "$x\ny$"),
    Case("in code", "`$x$` and `\\(x\\)`"),
    Case("in a block of code", "```\n$$\nx\n$$\n```"),
    Case("code between", "$x `a` y$"),
    Case("brackets of a link that is no link", r"\[not\](https://x.org)"),
    Case("blank", r"\(\) \[ \] $$ $$"),
    Case("not closed", "$$\nx\n\ny \\(z"),
)  # fmt: skip
