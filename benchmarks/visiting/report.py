"""The table of what pages took, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.numbers import percentile

OK = 200
HEADER = """\
| page | who | median | p95 | least | database | own CPU | queries | kB | |
|---|---|---|---|---|---|---|---|---|---|"""


@dataclass
class Visit:
    """What it cost, and what came. Where others use the processor too, mind the CPU seconds."""

    status: int = 0
    seconds: float = 0.0
    database_seconds: float = 0.0
    """Of these, waiting for the database."""
    cpu_seconds: float = 0.0
    """Of this process, without the database's."""
    queries: int = 0
    size: int = 0
    changelist: object = None


@dataclass
class Line:
    """A page, as one person sees it, in every round."""

    page: str
    role: str
    statuses: list[int] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    database_milliseconds: list[float] = field(default_factory=list)
    cpu_milliseconds: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    size: int = 0

    def add(self, visit: Visit) -> None:
        """Note one visit more."""
        self.statuses.append(visit.status)
        self.milliseconds.append(1_000 * visit.seconds)
        self.database_milliseconds.append(1_000 * visit.database_seconds)
        self.cpu_milliseconds.append(1_000 * visit.cpu_seconds)
        self.queries.append(visit.queries)
        self.size = visit.size

    def text(self, most: float) -> str:
        """The line of the table; what takes more than so many ms is flagged."""
        if not self.milliseconds:
            return f"| {self.page} | {self.role} | | | | | | | | not there |"
        median = percentile(self.milliseconds, 50)
        times = (
            median,
            percentile(self.milliseconds, 95),
            min(self.milliseconds),
            percentile(self.database_milliseconds, 50),
            percentile(self.cpu_milliseconds, 50),
        )
        cells = (
            *(f"{time:,.0f} ms" for time in times),
            " to ".join(str(number) for number in sorted({min(self.queries), max(self.queries)})),
            f"{self.size / 1_000:,.0f}",
            "; ".join(self._remarks(median, most)),
        )
        return f"| {self.page} | {self.role} | {' | '.join(cells)} |"

    def _remarks(self, median: float, most: float) -> Sequence[str]:
        slow = [f"over {most:,.0f} ms"] if median > most else []
        wrong = [f"HTTP {status}" for status in sorted({*self.statuses} - {OK})]
        return [*wrong, *slow]


def table(lines: Sequence[Line], most: float) -> str:
    """All of them, as Markdown."""
    return "\n".join([HEADER, *(line.text(most) for line in lines)])
