"""Many values, some at a time: databases limit what one statement and one transaction may hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

Value = TypeVar("Value")


def batches(values: list[Value], most: int) -> Iterator[list[Value]]:
    """The values in their order, at most so many at once."""
    for start in range(0, len(values), most):
        yield values[start : start + most]
