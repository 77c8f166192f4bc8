"""Numbers, and how they are told: percentiles, medians with their spread, rows of a table."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

HEADER = """\
| what | database | countjobs | plain django-apscheduler | |
|---|---|---|---|---|"""


def percentile(values: Sequence[float], percent: float) -> float:
    """The least value that so many percent of the values don't exceed. Raises ValueError."""
    if not values:
        raise ValueError("There are no values.")
    rank = math.ceil(percent / 100 * len(values))
    return sorted(values)[max(rank, 1) - 1]


@dataclass(frozen=True)
class Figure:
    """The same number out of several rounds."""

    values: Sequence[float]
    unit: str
    digits: int = 0

    @property
    def median(self) -> float:
        """The one in the middle."""
        return statistics.median(self.values)

    def __str__(self) -> str:
        least, most = (self._text(value) for value in (min(self.values), max(self.values)))
        median = self._text(self.median)
        spread = f" ({least} to {most})" if least != most else ""
        return f"{median}{self.unit}{spread}"

    def _text(self, value: float) -> str:
        return f"{value:,.{self.digits}f}"


def all_medians(figures: Sequence[Figure]) -> str:
    """Medians of several figures with the same unit."""
    if not figures:
        return ""
    return " / ".join(f"{f.median:,.{f.digits}f}" for f in figures) + figures[0].unit


def ratio(one: Figure, other: Figure, digits: int = 1) -> str:
    """How many times the other's median the one's is."""
    return f"{one.median / other.median:.{digits}f} ×" if other.median else "–"


@dataclass(frozen=True)
class Row:
    """A line of a table in docs/benchmarks.md; a cell that wasn't measured is empty."""

    what: str
    database: str
    countjobs: object = ""
    plain: object = ""
    note: str = ""

    def __str__(self) -> str:
        cells = (self.what, self.database, self.countjobs, self.plain, self.note)
        return f"| {' | '.join(str(cell) for cell in cells)} |"
