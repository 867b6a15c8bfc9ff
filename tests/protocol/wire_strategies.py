"""Valid payloads of every request, made from the request structs themselves: a new one is tested at once."""

import re
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from chat.protocol.requests import PAYLOADS

_LONG_CHARS = 70

# What every database can hold: no NUL; and surrogates are no characters.
STORABLE = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def values_of(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Return JSON values that a field of this type takes."""
    match kind:
        case inspect.StrType(pattern=str(pattern), max_length=longest):
            return st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True).filter(
                lambda text: longest is None or len(text) <= longest
            )
        case inspect.StrType(min_length=shortest, max_length=longest):
            return st.text(STORABLE, min_size=shortest or 0, max_size=min(longest or _LONG_CHARS, _LONG_CHARS))
        case inspect.IntType(ge=lowest, le=highest):
            return st.integers(lowest, highest)
        case inspect.BoolType():
            return st.booleans()
        case inspect.LiteralType(values=values):
            return st.sampled_from(values)
        case inspect.ListType(item_type=item, min_length=fewest, max_length=most):
            return st.lists(values_of(item), min_size=fewest or 0, max_size=5 if most is None else min(most, 5))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values_of(key), values_of(value), max_size=5)
        case inspect.StructType(cls=struct):
            return objects_of(struct)
        case inspect.UnionType(types=types):
            return st.one_of(*(values_of(each) for each in types))
    raise NotImplementedError(f"no strategy for {kind}")


def objects_of(struct: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    required = {field.encode_name: values_of(field.type) for field in info.fields if field.required}
    optional = {field.encode_name: values_of(field.type) for field in info.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional)


def is_one_page(payload: dict[str, Any]) -> bool:
    """get_messages takes at most one of its bounds."""
    return sum(bound in payload for bound in ("before", "after", "around")) <= 1


REQUESTS = st.one_of(
    *(st.tuples(st.just(type_), objects_of(struct).filter(is_one_page)) for type_, struct in PAYLOADS.items())
)
REQUEST_IDS = st.one_of(st.text(STORABLE, min_size=1, max_size=64), st.integers(0, 2**53 - 1))
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
