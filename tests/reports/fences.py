"""Blocks of code. blocks: the language and the code of each, as both parsers find them; the rest is formatted text."""

from typing import Final, NamedTuple


class Case(NamedTuple):
    kind: str
    text: str
    blocks: tuple[tuple[str, str], ...]
    has_rest: bool = False


_INNER: Final = "# Title\n\n```python\nprint(1)\n```\n\nend\n"
_WITHIN: Final = f"```markdown\n{_INNER}```\n"

CASES: Final = (
    Case("a labelled block in markdown", f"```markdown\n{_INNER}```\nafter", (("markdown", _INNER),), True),
    Case("two of them", f"```md\n{_INNER}{_INNER}```", (("md", _INNER * 2),)),
    Case("markdown in markdown", f"```md\n{_WITHIN}```\nafter", (("md", _WITHIN),), True),
    Case("with tildes", "~~~markdown\n~~~js\nx\n~~~\n~~~\nafter", (("markdown", "~~~js\nx\n~~~\n"),), True),
    Case("a longer fence within", "```md\n````js\n```\n````\n```\nafter", (("md", "````js\n```\n````\n"),), True),
    Case("a shorter fence within", "````md\n```js\nx\n```\n````\nafter", (("md", "```js\nx\n```\n"),), True),
    Case("in a list", "- ```markdown\n  ```js\n  x\n  ```\n  ```\n- b", (("markdown", "```js\nx\n```\n"),), True),
    Case("more words behind the language", "```markdown title=a\n```js\n```\n```\nz", (("markdown", "```js\n```\n"),), True),
    # --- Not all of them end: the first bare fence ends the outer one
    Case("one end for two", "```markdown\n```js\nx\n```\nmore\n", (("markdown", "```js\nx\n"),), True),
    Case("with words before", "```md\n# T\n\n```py\nx\n```\n\nafter **b**", (("md", "# T\n\n```py\nx\n"),), True),
    Case("tildes", "~~~md\n~~~py\nx\n~~~\nafter", (("md", "~~~py\nx\n"),), True),
    Case("in a list", "- ```md\n  ```py\n  x\n  ```\n- b", (("md", "```py\nx\n"),), True),
    Case("in a quotation", "> ```md\n> ```py\n> x\n> ```\n> b\n\nc", (("md", "```py\nx\n"),), True),
    Case("blocks behind it", "```md\n```py\nx\n```\nz\n\n```js\ny\n```\nw", (("md", "```py\nx\n"), ("js", "y\n")), True),
    Case("three begin", "```md\n```md\n```py\nx\n```\nafter", (("md", "```md\n```py\nx\n"),), True),
    Case("a longer one within", "```md\n````py\nx\n```\nafter", (("md", "````py\nx\n"),), True),
    Case("none ends", "```md\n```py\nx\n", (("md", "```py\nx\n"),)),
    Case("only the outer one", "```md\nx\n", (("md", "x\n"),)),
    Case("other scripts", "```md\n# 題\n```py\nx\n```\nあと", (("md", "# 題\n```py\nx\n"),), True),
    Case("a label in code is code", "```python\n```js\n```\nafter", (("python", "```js\n"),), True),
    Case("a bare fence ends it", "```markdown\nx\n```\nafter", (("markdown", "x\n"),), True),
    Case("other signs within", "```markdown\n~~~js\nx\n```\nafter", (("markdown", "~~~js\nx\n"),), True),
    Case("a fence that is indented too far", "```md\n    ```js\n```\nafter", (("md", "    ```js\n"),), True),
    Case("jsonc", "```jsonc\n// x\n{}\n```", (("jsonc", "// x\n{}\n"),)),
    Case("outdented in a list", "- ```\n  x\n y", (("", "x\n"),), True),
)  # fmt: skip
