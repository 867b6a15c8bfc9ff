"""Texts that are slow to format, or become much larger: one table for the server, the socket and the page."""

from typing import Final

_CHARS: Final = 20_000


def _filled(piece: str, chars: int = _CHARS) -> str:
    return (piece * (chars // len(piece) + 1))[:chars]


# What once held a process forever, or for a minute: grammars that are slow. Only the page colours code now.
GRAMMARS: Final = {
    "a comment in mcschema": "```mcschema\n<!--\n```",
    "lines in autohotkey": "```autohotkey\n" + "\n" * 6_000 + "x\n```",
    "quotes in python": "```python\n" + "'''" + '"""' * 6_000 + "\n```",
    "stars in c": "```c\n" + "/*" * 9_000 + "\n```",
    "tags in xml": "```xml\n" + "<a " * 6_000 + "\n```",
    "braces in json": "```json\n" + "{[" * 9_000 + "\n```",
    "dollars in bash": "```bash\n" + "$((" * 6_000 + "\n```",
    "backticks in markdown": "````markdown\n" + "**_" * 6_000 + "\n````",
    "slashes in javascript": "```js\n" + "/[" * 9_000 + "\n```",
    "spaces in sql": "```sql\n" + " " * 18_000 + "x\n```",
    "colons in yaml": "```yaml\n" + "a: - " * 3_600 + "\n```",
    "generics in java": "```java\n" + "a<" * 9_000 + "\n```",
    "heredocs in ruby": "```ruby\n" + "<<A " * 4_500 + "\n```",
    "strings in php": "```php\n" + '"{$' * 6_000 + "\n```",
}

# What is slow for the parser.
SLOW: Final = {
    "open brackets": "[" * _CHARS,
    "image brackets": _filled("!["),
    "links in links": _filled("[a]("),
    "lines that begin a definition": _filled("[a\n"),
    "list items": _filled("* a\n"),
    "lines": _filled("a\n"),
    "quotes in quotes": _filled("> > a\n"),
    "quotes": ">" * _CHARS,
    "stars and words": _filled("*a **b "),
    "emphasis that nothing ends": _filled("**a*"),
    "backticks of all lengths": " ".join("`" * count for count in range(1, 199)),
    "open comments": _filled("<!--"),
    "addresses with parentheses": ("http://" + "(" * 190) * 100,
    "definitions": "".join(f"[{number}]: b\n" for number in range(2_000))[:_CHARS],
    "titles": _filled('[a](<b> "'),
    "combining marks": "a" + "\u0301" * (_CHARS - 1),
    "entities": _filled("&a"),
}

# What becomes more HTML than five times its size, if it is formatted.
SWELLING: Final = {
    "addresses": "<a@b>" * 4_000,
    "addresses that say mailto": "<mailto:a@b>" * 1_600,
    "mentions": "@a " * 6_600,
    "uses of a long reference": "[a]: /" + "b" * 1_000 + "\n\n" + "[a]" * 6_000,
    "cells that a table fills up": "a|" * 200 + "\n" + "-|" * 200 + "\n" + "a\n" * 320,
    "very many cells": "a|" * 2_000 + "\n" + "-|" * 2_000 + "\n" + "a\n" * 5_900,
    "links": "*[a](b)" * 2_800,
    "emphasis in emphasis": "*a " * 3_000 + "b*" * 3_000,
    "small tables": _filled("a|b\n-|-\n"),
}

HOSTILE: Final = GRAMMARS | SLOW | SWELLING
