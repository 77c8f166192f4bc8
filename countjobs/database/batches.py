"""Splitting values into batches: databases limit the size of statements and transactions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

Value = TypeVar("Value")


def batches(values: list[Value], most: int) -> Iterator[list[Value]]:
    """The values in order, at most `most` at a time."""
    for start in range(0, len(values), most):
        yield values[start : start + most]
