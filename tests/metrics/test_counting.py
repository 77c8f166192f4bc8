"""Issue 13, line 3: runs are counted by outcome, lateness and duration, at next to no cost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from countjobs.metrics import counting
from countjobs.metrics.counting import MOST_NAMES, OTHERS, Histogram, RunCounts
from countjobs.signals import RunEnd
from tests.support.factories import NOON
from tests.support.run_ends import run_end


@pytest.fixture
def named(settings: Any) -> None:
    settings.COUNTJOBS = {"METRICS_JOB_NAMES": True}


def counted(*runs: RunEnd) -> RunCounts:
    counts = RunCounts()
    counts.add([*runs])
    return counts


def test_runs_are_counted_by_outcome() -> None:
    counts = counted(run_end(), run_end(), run_end("failed"), run_end("timed_out"))
    counts.add([run_end("failed")])
    counts.add_not_run("code", "skipped")
    found = counts.snapshot()[""].outcomes
    assert found == {"succeeded": 2, "failed": 2, "timed_out": 1, "skipped": 1}


def test_lateness_and_duration_are_in_buckets() -> None:
    counts = counted(run_end(late=0.02, took=7), run_end(late=0.2, took=100_000))
    (found,) = counts.snapshot().values()
    assert found.lateness.sum == pytest.approx(0.22)
    assert found.duration.sum == 100_007
    assert dict(zip(found.lateness.bounds, found.lateness.counts, strict=False))[0.025] == 1
    assert dict(zip(found.lateness.bounds, found.lateness.counts, strict=False))[0.25] == 1
    assert dict(zip(found.duration.bounds, found.duration.counts, strict=False))[10] == 1
    assert found.duration.counts[-1] == 1


def test_a_bucket_has_its_bound() -> None:
    histogram = Histogram((1, 2))
    for value in (1, 1.5, 2, 3):
        histogram.add(value)
    assert histogram.counts == [1, 2, 1]


def test_what_has_not_started_has_an_outcome_only() -> None:
    counts = counted(run_end("cancelled", late=None), run_end("lost", took=None))
    (found,) = counts.snapshot().values()
    assert found.outcomes.total() == 2
    assert (sum(found.lateness.counts), sum(found.duration.counts)) == (1, 0)


def test_an_attempt_that_waited_on_purpose_is_not_late() -> None:
    (found,) = counted(run_end(attempt=2, late=60)).snapshot().values()
    assert sum(found.lateness.counts) == 0
    assert sum(found.duration.counts) == 1


def test_a_clock_that_was_set_back_makes_nothing_negative() -> None:
    (found,) = counted(run_end(late=-5, took=-5)).snapshot().values()
    assert (found.lateness.sum, found.duration.sum) == (0, 0)
    assert found.lateness.counts[0] == found.duration.counts[0] == 1


def test_jobs_are_not_named_unless_the_setting_says_so() -> None:
    assert [*counted(run_end(name="secret")).snapshot()] == [""]


@pytest.mark.usefixtures("named")
def test_jobs_are_named_if_the_setting_says_so() -> None:
    counts = counted(run_end(name="a"), run_end("failed", name="b"), run_end(name="a"))
    counts.add_not_run("id of b", "missed")
    counts.add_not_run("id of c", "missed")
    found = {name: dict(each.outcomes) for name, each in counts.snapshot().items()}
    assert found == {
        "a": {"succeeded": 2},
        "b": {"failed": 1, "missed": 1},
        "id of c": {"missed": 1},
    }


@pytest.mark.usefixtures("named")
def test_names_that_look_the_same_are_one_series() -> None:
    """Two kinds may have definitions of the same name."""
    counts = counted(run_end(name="a\n", job_id="x:1"), run_end(name="a\\n", job_id="y:1"))
    assert {name: each.outcomes.total() for name, each in counts.snapshot().items()} == {"a\\n": 2}


@pytest.mark.usefixtures("named")
def test_only_so_many_jobs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MOST_NAMES", 3)
    counts = counted(*(run_end(name=f"job {number}") for number in range(10)))
    for number in range(10):
        counts.add_not_run(f"id of job {number}", "skipped")
    found = {name: each.outcomes.total() for name, each in counts.snapshot().items()}
    assert found == {"job 0": 2, "job 1": 2, "job 2": 2, OTHERS: 14}
    assert MOST_NAMES > 3


@pytest.mark.usefixtures("named")
def test_a_job_whose_name_changes_keeps_its_counts() -> None:
    counts = counted(run_end(name="old", job_id="x:1"), run_end(name="new", job_id="x:1"))
    counts.add_not_run("x:1", "skipped")
    assert {name: each.outcomes.total() for name, each in counts.snapshot().items()} == {
        "old": 1,
        "new": 2,
    }


def test_a_snapshot_doesn_t_change() -> None:
    counts = counted(run_end())
    before = counts.snapshot()
    counts.add([run_end(scheduled_at=NOON - timedelta(hours=1))])
    assert before[""].outcomes.total() == 1
    assert sum(before[""].lateness.counts) == 1
    counts.forget()
    assert counts.snapshot() == {}
