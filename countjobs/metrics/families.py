"""What is counted and seen, as prometheus-client takes it: the names, helps and labels of metrics.

docs/monitoring.md lists them. The dashboard and the rules in docs/monitoring/ use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric

from countjobs.metrics.counting import OUTCOMES, Counts, Histogram
from countjobs.metrics.gauges import Gauges

JOB_LABEL = "job_name"
"""Not `job`: Prometheus has a label of that name on all that it reads."""

_GAUGES = {
    "due": "Jobs and requested runs that are due, and that no scheduler has claimed yet.",
    "oldest_due_seconds": "For how long the oldest of them has been due.",
    "queued": "Runs that wait: claimed, requested, or attempts that follow.",
    "running": "Runs in progress.",
    "schedulers": "Schedulers that are alive.",
    "schedulers_claiming": "Those of them that can start and record runs.",
    "threads": "Threads of all live schedulers.",
    "threads_given_up": "Threads that were given up, because their runs didn't stop.",
    "broken": "Jobs that can't run, because they are broken.",
    "silent": "Jobs that have had no success for too long.",
    "failing": "Jobs that fail: no run has succeeded since one whose last attempt failed.",
    "paused_itself": "Jobs that paused themselves after failures.",
    "held": "1 while somebody holds all jobs: nothing is due then.",
}


@dataclass(frozen=True)
class ExecutorState:
    """One executor of this scheduler."""

    name: str
    capacity: int
    busy: int
    given_up: int


def up_family(is_up: bool) -> Metric:
    """Whether the rest can be believed."""
    what = "Whether the database can be read. If it can't, there are no other gauges."
    return GaugeMetricFamily("countjobs_up", what, value=int(is_up))


def gauge_families(gauges: Gauges) -> Iterator[Metric]:
    """What the database says. It is the same in each process."""
    for name in (each.name for each in fields(gauges) if each.name in _GAUGES):
        value = vars(gauges)[name]
        unit = "seconds" if name.endswith("_seconds") else ""
        yield GaugeMetricFamily(f"countjobs_{name}", _GAUGES[name], value=value, unit=unit)
    family = GaugeMetricFamily(
        "countjobs_problem",
        "Whether something is wrong: 1 if so. As `schedulerstatus` and health/ say it.",
        labels=["problem"],
    )
    for problem, holds in gauges.problems.items():
        family.add_metric([problem], int(holds))
    yield family


def executor_families(executors: Iterable[ExecutorState]) -> Iterator[Metric]:
    """The executors of this scheduler."""
    found = list(executors)
    for name, what in (
        ("capacity", "How many runs an executor of this scheduler carries out at once."),
        ("busy", "How many runs it carries out, or has claimed."),
        ("given_up", "How many of its threads were given up."),
    ):
        family = GaugeMetricFamily(f"countjobs_executor_{name}", what, labels=["executor"])
        for executor in found:
            family.add_metric([executor.name], vars(executor)[name])
        yield family


def run_families(by_label: dict[str, Counts], named: bool) -> Iterator[Metric]:
    """The runs of this scheduler since it started."""
    if not named:
        by_label = {"": by_label.get("", Counts())}
    labels = [JOB_LABEL] * named
    runs = CounterMetricFamily(
        "countjobs_runs",
        "Runs of this scheduler that have ended, and due times without a run, by outcome.",
        labels=["outcome", *labels],
    )
    lateness = HistogramMetricFamily(
        "countjobs_run_lateness_seconds",
        "How long after they were due runs started. Further attempts don't count.",
        labels=labels,
        unit="seconds",
    )
    duration = HistogramMetricFamily(
        "countjobs_run_duration_seconds", "How long runs took.", labels=labels, unit="seconds"
    )
    for label, counts in by_label.items():
        values = [label] * named
        outcomes = {**dict.fromkeys([] if named else OUTCOMES, 0), **counts.outcomes}
        for outcome, count in outcomes.items():
            runs.add_metric([str(outcome), *values], count)
        lateness.add_metric(values, _buckets(counts.lateness), counts.lateness.sum)
        duration.add_metric(values, _buckets(counts.duration), counts.duration.sum)
    yield from (runs, lateness, duration)


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    bounds = [*(str(float(each)) for each in histogram.bounds), "+Inf"]
    return list(zip(bounds, accumulate(histogram.counts), strict=True))
