"""Whether the job store and the definitions differ, for the banner on every page.

This is checked at most once a minute, and kept in Django's cache in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.cache import cache

from countjobs.database.primary import rows_of
from countjobs.jobstores.differences import count_differences, look_closely
from countjobs.jobstores.strangers import Strangers, find_strangers
from countjobs.models import JobDefinition
from countjobs.models.kinds import concrete_definitions

SECONDS = 60
"""How old the answer may be."""

AT_ONCE = 200
"""How many definitions of a kind one check compares in full. The next check goes on with the next
ones."""

_KEY = "countjobs:agreement"
_STRANGERS_KEY = "countjobs:agreement:strangers"
_TURNS_KEY = "countjobs:agreement:turns"


@dataclass
class Turn:
    """How far the close check of a kind has got, and what it has found so far."""

    last: Any = None
    """The primary key of the definition that was checked last."""
    found: list[Any] = field(default_factory=list)


def differing_rows(kinds: list[type[JobDefinition]], now: datetime) -> int:
    """How many rows of these kinds are known to differ."""
    known: dict[str, int] | None = cache.get(_KEY)
    if known is None:
        known = _look(now)
        cache.set(_KEY, known, SECONDS)
    return sum(known.get(kind._meta.label_lower, 0) for kind in kinds)


def strangers() -> Strangers:
    """Rows of the job store that aren't ours, or of kinds that aren't installed here."""
    known: Strangers | None = cache.get(_STRANGERS_KEY)
    if known is None:
        known = find_strangers()
        cache.set(_STRANGERS_KEY, known, SECONDS)
    return known


def _look(now: datetime) -> dict[str, int]:
    kinds = concrete_definitions()
    known = count_differences(kinds)
    turns: dict[str, Turn] = cache.get(_TURNS_KEY) or {}
    for kind in kinds:
        label = kind._meta.label_lower
        turn = turns[label] = _take_turn(kind, turns.get(label, Turn()), now)
        known[label] = max(known[label], len(turn.found))  # both may have found the same rows
    cache.set(_TURNS_KEY, turns, None)
    return known


def _take_turn(kind: type[JobDefinition], turn: Turn, now: datetime) -> Turn:
    """Check the next definitions, and again those that differed."""
    there = rows_of(kind).order_by("pk").values_list("pk", flat=True)
    following = there if turn.last is None else there.filter(pk__gt=turn.last)
    pks = list(following[:AT_ONCE])
    found = look_closely(kind, [*{*turn.found, *pks}], now)
    return Turn(last=pks[-1] if len(pks) == AT_ONCE else None, found=found[:AT_ONCE])
