"""What must hold of a history, however it came about; and every fault in one, a line each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from countjobs.models import Execution

MOST_LINES = 20
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Promised:
    """The jobs that fire every second, and their first and last fire time, whole seconds."""

    names: Collection[str]
    first: datetime
    last: datetime

    def fires(self) -> list[datetime]:
        seconds = int((self.last - self.first).total_seconds())
        return [self.first + number * SECOND for number in range(seconds + 1)]


def promised_so_far(names: Collection[str]) -> list[Promised]:
    """For each job, every second from its first run to its last, where nobody set an end."""
    rows = Execution.objects.filter(trigger="schedule", job_name__in=names)
    seen: dict[str, set[datetime]] = defaultdict(set)
    for name, at, folded in rows.values_list("job_name", "scheduled_at", "folded"):
        seen[name] |= {at, at - folded * SECOND}
    return [Promised([name], min(times), max(times)) for name, times in seen.items()]


Noted = dict[tuple[str, datetime], set[str]]
"""What jobs wrote down of their own runs: the tokens, by name and fire time."""


def read_notes(notes: Path) -> Noted:
    noted: Noted = defaultdict(set)
    for line in notes.read_text().splitlines():
        name, at, token = line.rsplit(" ", 2)
        noted[name, datetime.fromisoformat(at).astimezone(UTC)].add(token)
    return noted


def faults(promised: Promised, notes: Path, unwell: Collection[int]) -> list[str]:
    """Everything that must not be so. `unwell` are the pids of schedulers that may lose runs."""
    noted = read_notes(notes)
    return [
        *_shortened(unaccounted(promised)),
        *_shortened(_started_twice(noted)),
        *_shortened(_wrongly_noted(noted)),
        *_shortened(_unsettled()),
        *_shortened(_wrongly_lost(unwell)),
    ]


def _shortened(lines: Iterable[str]) -> list[str]:
    every = list(lines)
    rest = len(every) - MOST_LINES
    return every[:MOST_LINES] + ([f"… and {rest} more of this kind"] if rest > 0 else [])


def unaccounted(promised: Promised) -> Iterator[str]:
    """Every second of every job is one execution, or counted in one's `folded`."""
    accounted: dict[str, Counter[datetime]] = defaultdict(Counter)
    for name, at, folded in Execution.objects.values_list("job_name", "scheduled_at", "folded"):
        accounted[name].update(at - earlier * SECOND for earlier in range(folded + 1))
    fires = promised.fires()
    for name in promised.names:
        counted = accounted[name]
        yield from (f"{name}: nothing tells of {at}" for at in fires if at not in counted)
        yield from (f"{name}: {at} did not exist" for at in counted.keys() - set(fires))
        more = ((at, times) for at, times in counted.items() if times > 1)
        yield from (f"{name}: {at} is in the history {times} times" for at, times in more)


def _started_twice(noted: Noted) -> Iterator[str]:
    for (name, at), tokens in noted.items():
        if len(tokens) > 1:
            nodes = Execution.objects.filter(job_name=name, scheduled_at=at)
            by = ", ".join(nodes.values_list("node", flat=True))
            yield f"{name}: {at} was started {len(tokens)} times, by {by}"


def _wrongly_noted(noted: Noted) -> Iterator[str]:
    """What has started has succeeded or is lost, and what has succeeded has started."""
    rows = Execution.objects.values_list("job_name", "scheduled_at", "status", "node", "error")
    told = {(name, at): rest for name, at, *rest in rows}
    for name, at in noted.keys() - told.keys():
        yield f"{name}: {at} was started, and is not in the history"
    for (name, at), (status, node, error) in told.items():
        started = (name, at) in noted
        if status == "succeeded" and not started:
            yield f"{name}: {at} succeeded at {node}, and never started"
        if started and status not in {"succeeded", "lost"}:
            yield f"{name}: {at} was started, and is {status} at {node}: {error}"


def _unsettled() -> Iterator[str]:
    for execution in Execution.objects.active():
        yield f"{execution}: still {execution.status} at “{execution.node}”"


def _wrongly_lost(unwell: Collection[int]) -> Iterator[str]:
    for execution in Execution.objects.filter(status="lost"):
        if int(execution.node.split(":")[1]) not in unwell:
            yield f"{execution}: lost by {execution.node}, which was well: {execution.error}"
