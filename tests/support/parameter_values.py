"""Values of all types that a function may take, at random."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any, Literal

from hypothesis import strategies as st


class Crossed(StrEnum):
    """Its values are the names of other members."""

    A = "B"
    B = "A"
    EMPTY = ""


class Plain(Enum):
    """Its values have no hash."""

    ONE = [1]
    TWO = [2]


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
texts = st.text(characters, max_size=30) | st.sampled_from(
    ["a\nb", "a\r\nb", "\r", "\n", " ", "\n a \n", '"', "<textarea>", "&amp;", "{}", "null"]
)
some_text = texts.filter(bool)
WORDS = Literal["a", '"a"', "", "1", 1, True, False, -1]

PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.integers(-(10**40), 10**40),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    str: some_text,
    date: st.dates(),
    datetime: st.datetimes(
        datetime(3, 1, 1), datetime(9_998, 1, 1), timezones=st.timezones() | st.just(UTC)
    ),
    time: st.times(),
    timedelta: st.timedeltas(),
    WORDS: st.sampled_from(["a", '"a"', "", "1", 1, True, False, -1]),
    Crossed: st.sampled_from(Crossed),
    Plain: st.sampled_from(Plain),
    list[str]: st.lists(texts, max_size=5),
    dict[str, str]: st.dictionaries(texts, texts, max_size=5),
}
"""By their annotations."""

OPTIONAL: dict[Any, st.SearchStrategy[Any]] = {
    hint | None: st.none() | values.filter(lambda value: type(value) not in {list, dict} or value)
    for hint, values in PLAIN.items()
}
"""None, or a value. A list that is left empty means None."""

HINTS = {**PLAIN, **OPTIONAL}
SIGNATURES = {f"it_{number}": hint for number, hint in enumerate(HINTS)}
"""A function that takes a value of each type."""

signature_values = st.fixed_dictionaries({name: HINTS[h] for name, h in SIGNATURES.items()})


def comparable(value: Any) -> Any:
    """A value and its type. An instant is the same in every zone; 1.0 is no 1, and no true."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if isinstance(value, dict):
        return [(key, comparable(each)) for key, each in value.items()]
    return type(value), repr(value) if isinstance(value, float) else value


huge = st.sampled_from([400, 4_299, 5_000]).map(lambda digits: -(10**digits))
numbers = st.integers() | st.floats() | huge
hostile_texts = st.text(max_size=20) | st.sampled_from(
    ["\0", "\ud800", "NaN", "1e999999999", "9" * 5_000, "x" * 100_000, "2026-02-30", "P1Y", "-0"]
)
scalars = st.none() | st.booleans() | numbers | hostile_texts


def deep(levels: int) -> Any:
    """A list in a list in a list."""
    found: list[Any] = []
    for _ in range(levels):
        found = [found]
    return found


hostile = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile_texts, inner, max_size=4),
    max_leaves=8,
) | st.sampled_from([51, 2_000, 100_000]).map(deep)
"""Whatever JSON may hold, and some that it may not."""
