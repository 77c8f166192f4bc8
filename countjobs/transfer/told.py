"""A plan in words: cut to what can be read, and with invisible characters shown."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from operator import eq

from countjobs.text import visible, visible_text
from countjobs.transfer.dry_run import Plan
from countjobs.transfer.entries import Change, Entry, State

_MOST_VALUE = 500
_BEFORE = 40


def lines_of(plan: Plan) -> Iterator[str]:
    """What a terminal is told, in the order of importance. Unchanged entries are only counted."""
    for state in State:
        if state is not State.UNCHANGED:
            for entry in plan.having(state):
                yield f"{state}: {_named(entry)}"
                yield from (f"    {line}" for line in _details(entry))
    told = [f"{count} {state}" for state in State if (count := len(plan.having(state)))]
    yield f"{', '.join(told) or 'No definitions'}."


def _named(entry: Entry) -> str:
    name = f"“{visible(cut(entry.name))}”" if entry.name else "without a name"
    place = f" (entry {entry.number})" if entry.state is State.REFUSED else ""
    return f"{visible(entry.label) or 'no kind'} {name}{place}"


def _details(entry: Entry) -> Iterator[str]:
    for change in entry.changes:
        old, new = cut_change(change)
        yield visible(f"{change.field}: {old or '–'} → {new}")
    for field, reason in entry.problems:
        yield visible(f"{field}: {cut(reason)}" if field else cut(reason))


def cut_change(change: Change) -> tuple[str, str]:
    """Both values. Long ones are cut to where they start to differ."""
    both = (change.old, change.new)
    start = 0
    if max(map(len, both)) > _MOST_VALUE:
        start = max(0, _same(*both) - _BEFORE)
    old, new = (visible_text(cut(text, start)) for text in both)
    return old, new


def _same(one: str, other: str) -> int:
    """How many characters they have in common at the start."""
    return sum(1 for _letter in takewhile(bool, map(eq, one, other)))


def cut(text: str, start: int = 0) -> str:
    """So many characters of a text, with marks where something is left out."""
    return "".join(_parts(text, start))


def _parts(text: str, start: int) -> Iterator[str]:
    if start:
        yield "…"
    yield text[start : start + _MOST_VALUE]
    if len(text) > start + _MOST_VALUE:
        yield "…"
