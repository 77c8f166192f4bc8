"""Counting the runs of this process: how they ended, how late they started, how long they took.

Schedulers record thousands of runs a second. So a batch takes the lock once, and a run costs two
searches in a tuple of bounds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock

from countjobs.conf import Conf
from countjobs.models.statuses import ACTIVE, Status
from countjobs.signals import RunEnd
from countjobs.text import visible

LATENESS_BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200)
DURATION_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1_800, 3_600, 14_400)
"""Seconds: the upper bounds of the histograms' buckets. There is one more, for all above."""
OUTCOMES = tuple(status.value for status in Status if status not in {*ACTIVE, Status.LOST})
"""What a scheduler can say of its own runs. Another one finds out which are lost."""

MOST_NAMES = 1_000
"""If jobs are named, at most so many are. Each has series of its own."""
OTHERS = "(others)"
"""What the others are called together."""


class Histogram:
    """How many values there were below each bound, and their sum."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Count a value. Less than nothing, after a change of the clock, counts as nothing."""
        value = max(value, 0.0)
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


@dataclass
class Counts:
    """Of one job, or of all if jobs aren't named."""

    outcomes: Counter[str] = field(default_factory=Counter)
    lateness: Histogram = field(default_factory=lambda: Histogram(LATENESS_BOUNDS))
    duration: Histogram = field(default_factory=lambda: Histogram(DURATION_BOUNDS))

    def add(self, runs: Iterable[RunEnd]) -> None:
        """Count runs that have ended."""
        late, took = self.lateness.add, self.duration.add
        for run in runs:
            if (started := run.started_at) is None:
                continue
            # A retry waits on purpose, and keeps the time when the first attempt was due.
            if run.attempt == 1:
                late((started - run.scheduled_at).total_seconds())
            if run.finished_at is not None:
                took((run.finished_at - started).total_seconds())


class RunCounts:
    """All that is counted since this process started, by label."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_label: dict[str, Counts] = {}
        self._labels: dict[str, str] = {}
        self._names: dict[str, str] = {}

    def add(self, runs: list[RunEnd]) -> None:
        """Count a batch of runs that have ended."""
        if not Conf.load().metrics_job_names:
            self._add("", runs)
            return
        by_name: defaultdict[tuple[str, str], list[RunEnd]] = defaultdict(list)
        for run in runs:
            by_name[run.job_id, run.job_name].append(run)
        for (job_id, name), of_job in by_name.items():
            self._add(self._label(job_id, name), of_job)

    def add_not_run(self, job_id: str, status: str) -> None:
        """Count a due time at which a job didn't run."""
        label = self._label(job_id) if Conf.load().metrics_job_names else ""
        with self._lock:
            self._of(label).outcomes[status] += 1

    def _add(self, label: str, runs: list[RunEnd]) -> None:
        statuses = Counter([run.status for run in runs])
        with self._lock:
            counts = self._of(label)
            counts.outcomes.update(statuses)
            counts.add(runs)

    def _of(self, label: str) -> Counts:
        if (counts := self._by_label.get(label)) is None:
            counts = self._by_label[label] = Counts()
        return counts

    def _label(self, job_id: str, name: str = "") -> str:
        """What a job is called: a text without invisible characters, which fits any format.

        Without a name it is the one of its last run here, or else its id.
        """
        with self._lock:
            if name and (job_id in self._names or len(self._names) < MOST_NAMES):
                self._names[job_id] = name
            name = name or self._names.get(job_id, job_id)
            label = self._labels.get(name)
            if label is None:
                if len(self._labels) >= MOST_NAMES:
                    return OTHERS
                label = self._labels[name] = visible(name)
            return label

    def snapshot(self) -> dict[str, Counts]:
        """A copy, by label. If jobs aren't named, the only label is empty."""
        with self._lock:
            return deepcopy(self._by_label)

    def forget(self) -> None:
        """Begin anew."""
        with self._lock:
            self._by_label.clear()
            self._labels.clear()
            self._names.clear()


COUNTS = RunCounts()
"""Those of this process."""
