"""Sets of small numbers as the bits of one number. The next member is found without a loop."""

from __future__ import annotations

from collections.abc import Iterable


def bits_of(numbers: Iterable[int]) -> int:
    """The set of these numbers, none of them below 0."""
    bits = 0
    for number in numbers:
        bits |= 1 << number
    return bits


def first_from(bits: int, number: int) -> int:
    """The least member that is not below a number, which is 0 or more; -1 if there is none."""
    ahead = bits >> number
    return number + (ahead & -ahead).bit_length() - 1 if ahead else -1


def last_to(bits: int, number: int) -> int:
    """The greatest member that is not above a number; -1 if there is none."""
    return (bits & ((2 << number) - 1)).bit_length() - 1 if number >= 0 else -1


def count_between(bits: int, first: int, end: int) -> int:
    """How many members are at least one number and below another."""
    return (bits & ((1 << end) - (1 << first))).bit_count() if first < end else 0
