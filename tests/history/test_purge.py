"""Retention: by age and by number per job."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.history.purge import purge, purge_others, register
from countjobs.models import CountJob, Execution, SchedulerNode
from countjobs.models.executions import ACTIVE, FAILURES, Status
from countjobs.models.newest_runs import read_nth_newest
from tests.app.models import Greeting
from tests.support.factories import (
    NOON,
    chain_of,
    execution_of,
    make_definition,
    make_execution,
    make_node,
)

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def make_history(job_id: str, count: int, every: timedelta = DAY) -> list[int]:
    """Executions back from noon, the newest first. Gives their keys."""
    return [
        make_execution(job_id=job_id, scheduled_at=NOON - index * every).pk
        for index in range(count)
    ]


def kept() -> set[int]:
    return set(Execution.objects.values_list("pk", flat=True))


def test_what_is_older_than_the_days_is_deleted() -> None:
    history = make_history("daily", 10)
    assert purge(NOON, days=5, keep=1_000) == 4
    assert kept() == set(history[:6])


def test_of_each_job_the_newest_are_kept() -> None:
    history = make_history("daily", 10)
    assert purge(NOON, days=1_000, keep=3) == 7
    assert kept() == set(history[:3])


def test_promise_18_a_busy_job_does_not_evict_the_history_of_a_weekly_one() -> None:
    make_history("busy", 200, timedelta(seconds=1))
    weekly = make_history("weekly", 5, 7 * DAY)
    assert purge(NOON, days=90, keep=10) == 190
    assert set(weekly) <= kept()


@pytest.mark.parametrize("status", ACTIVE)
def test_what_has_not_ended_stays(status: Status) -> None:
    active = make_execution(status, scheduled_at=NOON - 100 * DAY)
    make_history("code", 3)
    purge(NOON, days=10, keep=1)
    assert active.pk in kept()


@pytest.mark.parametrize("status", sorted(set(Status) - set(ACTIVE)))
def test_whatever_has_ended_goes(status: Status) -> None:
    make_execution(status, scheduled_at=NOON - 100 * DAY)
    assert purge(NOON, days=10, keep=1) == 1


def test_of_fire_times_that_are_equal_the_later_rows_are_kept() -> None:
    history = [make_execution(scheduled_at=NOON).pk for _ in range(5)]
    assert purge(NOON, days=10, keep=2) == 3
    assert kept() == set(history[-2:])


def test_promise_18_it_deletes_in_batches() -> None:
    make_history("daily", 25)
    with CaptureQueriesContext(connection) as queries:
        assert purge(NOON + 100 * DAY, days=10, keep=1_000, batch=10) == 25
    deletes = [query for query in queries if query["sql"].startswith("DELETE")]
    assert len(deletes) == 3


def test_a_second_purge_finds_nothing() -> None:
    make_history("daily", 10)
    purge(NOON, days=5, keep=2)
    assert purge(NOON, days=5, keep=2) == 0


def test_another_purge_at_the_same_time_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    make_history("daily", 10)

    def too_late(*args: Any) -> dict[str, int]:
        found = read_nth_newest(*args)
        Execution.objects.all().delete()
        return found

    monkeypatch.setattr("countjobs.history.purge.read_nth_newest", too_late)
    assert purge(NOON, days=1_000, keep=3) == 0


def test_jobs_are_looked_at_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countjobs.history.purge._JOBS", 2)
    for job_id in ("", "a", "b", "ä", "日次"):
        make_history(job_id, 3)
    assert purge(NOON, days=10, keep=1) == 10
    assert Execution.objects.count() == 5


# Failures


@pytest.mark.parametrize("status", FAILURES)
def test_failures_stay_longer_if_the_settings_say_so(status: Status) -> None:
    failed = [make_execution(status, scheduled_at=NOON - days * DAY).pk for days in (9, 11, 30)]
    make_execution(scheduled_at=NOON - 11 * DAY)
    assert purge(NOON, days=10, days_failures=20, keep=100) == 2
    assert kept() == set(failed[:2])


@pytest.mark.parametrize("status", sorted(set(Status) - {*ACTIVE, *FAILURES}))
def test_what_did_not_fail_does_not(status: Status) -> None:
    make_execution(status, scheduled_at=NOON - 11 * DAY)
    assert purge(NOON, days=10, days_failures=20, keep=100) == 1


@pytest.mark.parametrize("days_failures", [0, 1, 9, 10])
def test_a_shorter_time_for_failures_changes_nothing(days_failures: int) -> None:
    make_execution(Status.FAILED, scheduled_at=NOON - 9 * DAY)
    make_execution(Status.FAILED, scheduled_at=NOON - 11 * DAY)
    assert purge(NOON, days=10, days_failures=days_failures, keep=100) == 1


def test_the_number_per_job_counts_for_failures_too() -> None:
    for days in range(5):
        make_execution(Status.FAILED, scheduled_at=NOON - days * DAY)
    assert purge(NOON, days=10, days_failures=20, keep=2) == 3


# Definitions that say so themselves


@pytest.mark.parametrize(("its_days", "left"), [(2, 3), (7, 8), (100, 20), (36_500, 20), (None, 6)])
def test_a_definition_may_say_for_how_long_its_runs_are_kept(
    its_days: int | None, left: int
) -> None:
    definition = make_definition(keep_days=its_days)
    make_history(definition.job_id, 20)
    others = make_history("code", 20)
    purge(NOON, days=5, keep=1_000)
    assert Execution.objects.filter(job_id=definition.job_id).count() == left
    assert kept() & set(others) == set(others[:6])


def test_that_counts_for_its_failures_too() -> None:
    definition, other = make_definition(keep_days=2), make_definition("b")
    for each in (definition, other):
        for days in (1, 3, 30):
            execution_of(each, Status.FAILED, scheduled_at=NOON - days * DAY)
    assert purge(NOON, days=5, days_failures=50, keep=100) == 2
    assert Execution.objects.filter(job_id=other.job_id).count() == 3


def test_each_kind_of_definition_may_say_so_and_a_disabled_one_too() -> None:
    greeting = Greeting.objects.create(name="a", greeted="b", keep_days=30, enabled=False)
    count = make_definition(keep_days=30)
    for job_id in (greeting.job_id, count.job_id, "code"):
        make_history(job_id, 50)
    assert purge(NOON, days=10, keep=100) == 2 * 19 + 39


def test_the_runs_of_a_deleted_definition_are_kept_as_the_settings_say() -> None:
    definition = make_definition(keep_days=100)
    make_history(definition.job_id, 20)
    definition.delete()
    assert purge(NOON, days=9, keep=100) == 10


def test_the_number_per_job_counts_nevertheless() -> None:
    definition = make_definition(keep_days=100)
    make_history(definition.job_id, 20)
    assert purge(NOON, days=9, keep=5) == 15


@pytest.mark.parametrize(("value", "left"), [(0, 10), (40_000, 20), (2**31 - 1, 20)])
def test_what_raw_sql_put_there_deletes_nothing_too_much(value: int, left: int) -> None:
    definition = make_definition()
    CountJob._base_manager.filter(pk=definition.pk).update(keep_days=value)
    make_history(definition.job_id, 20)
    purge(NOON, days=9, keep=100)
    assert Execution.objects.count() == left


# Chains of attempts


def test_how_a_chain_ended_decides_about_all_its_attempts() -> None:
    long_ago = NOON - 15 * DAY
    chain_of(Status.FAILED, Status.TIMED_OUT, Status.SUCCEEDED, scheduled_at=long_ago)
    chain_of(Status.FAILED, Status.CANCELLED, scheduled_at=long_ago)
    failed = chain_of(Status.FAILED, Status.LOST, Status.FAILED, scheduled_at=long_ago)
    assert purge(NOON, days=10, days_failures=20, keep=100) == 5
    assert kept() == {run.pk for run in failed}
    assert purge(NOON, days=10, days_failures=10, keep=100) == 3


@pytest.mark.parametrize("last", ACTIVE)
def test_a_chain_whose_last_attempt_has_not_ended_stays_whole(last: Status) -> None:
    definition = make_definition(keep_days=1)
    common = {"scheduled_at": NOON - 15 * DAY}
    for job_id in ("code", definition.job_id):
        chain_of(Status.FAILED, Status.FAILED, last, job_id=job_id, **common)
    assert purge(NOON, days=10, keep=1) == 0


def test_the_number_per_job_does_not_cut_a_chain_in_two() -> None:
    older = chain_of(Status.FAILED, Status.SUCCEEDED, scheduled_at=NOON - DAY)
    newer = chain_of(Status.FAILED, Status.FAILED, Status.SUCCEEDED, scheduled_at=NOON)
    assert purge(NOON, days=10, keep=2) == len(older)
    assert kept() == {run.pk for run in newer}


def test_attempts_that_are_left_over_go_too() -> None:
    first, last = chain_of(Status.FAILED, Status.FAILED, scheduled_at=NOON - 15 * DAY)
    last.delete()
    assert purge(NOON, days=10, days_failures=100, keep=5) == 1
    assert first.pk not in kept()


# What else is old


def test_schedulers_that_stopped_long_ago_are_deleted() -> None:
    make_node(NOON - 11 * DAY)  # nobody has settled it yet
    make_node(NOON - 11 * DAY, state=SchedulerNode.State.STOPPED)
    make_node(NOON - 9 * DAY, state=SchedulerNode.State.STOPPED)
    assert ("scheduler", 1) in list(purge_others(NOON, days=10))
    assert SchedulerNode.objects.count() == 2


def test_other_apps_add_what_they_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("countjobs.history.purge._others", {})
    register("letter", lambda now, days, batch: days * batch if now == NOON else 0)
    assert list(purge_others(NOON, days=3, batch=5)) == [("letter", 15)]
