"""Jobs that have had no success for too long."""

from __future__ import annotations

from datetime import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.history.recorder import record
from countjobs.history.run_outcome import Outcome
from countjobs.history.silence import look_for_silence
from countjobs.history.watching import pause_failing
from countjobs.models import CountJob, JobWatch
from countjobs.models.executions import Status
from countjobs.schedulers.upkeep import Upkeep
from tests.support.factories import NOON, SECOND, execution_of, make_definition
from tests.support.past_runs import MINUTE, ended

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon_clock")]

FAILED, LOST, TIMED_OUT = Status.FAILED, Status.LOST, Status.TIMED_OUT
GOOD = Status.SUCCEEDED


def silent(now: datetime) -> dict[str, datetime]:
    look_for_silence(now)
    return {
        watch.job_id: watch.silent_since for watch in JobWatch.objects.all() if watch.silent_since
    }


def test_promise_34_a_job_is_silent_when_its_last_success_is_too_long_ago() -> None:
    definition = make_definition(most_silence=600)
    ended(definition, GOOD)
    last = NOON + MINUTE + SECOND
    assert silent(last + 599 * SECOND) == {}
    assert look_for_silence(last + 601 * SECOND) == [
        f'Job "{definition.job_id}" is silent: no success since 2026-03-04 12:01:01 UTC.'
    ]
    assert look_for_silence(last + 700 * SECOND) == [], "it is told once"
    assert silent(last + 700 * SECOND) == {definition.job_id: last}
    ended(definition, GOOD, start=13)
    assert look_for_silence(NOON + 14 * MINUTE) == [
        f'Job "{definition.job_id}" is no longer silent.'
    ]
    assert silent(NOON + 14 * MINUTE) == {}


def test_one_that_never_ran_is_silent_since_it_is_watched() -> None:
    definition = make_definition(most_silence=600)
    assert silent(NOON + 600 * SECOND - SECOND) == {}
    assert silent(NOON + 600 * SECOND) == {definition.job_id: NOON}


def test_promise_34_failures_and_runs_that_go_on_are_no_success() -> None:
    definition = make_definition(most_silence=60)
    ended(definition, GOOD, FAILED, Status.SKIPPED, Status.RUNNING, LOST)
    assert silent(NOON + 6 * MINUTE) == {definition.job_id: NOON + MINUTE + SECOND}


def test_a_success_before_later_failures_counts() -> None:
    definition = make_definition(most_silence=600)
    ended(definition, GOOD, FAILED, FAILED, Status.CANCELLED)
    assert silent(NOON + 11 * MINUTE) == {}
    assert silent(NOON + 12 * MINUTE) == {definition.job_id: NOON + MINUTE + SECOND}


def test_a_success_that_took_long_counts_from_its_end() -> None:
    definition = make_definition(most_silence=600)
    ended(definition, GOOD, finished_at=NOON + 15 * MINUTE)
    ended(definition, FAILED, start=2)
    assert silent(NOON + 20 * MINUTE) == {}


def test_a_paused_job_is_not_silent_and_when_it_is_resumed_it_has_time() -> None:
    definition = make_definition(most_silence=600)
    assert silent(NOON + 11 * MINUTE)
    CountJob.objects.update(enabled=False)
    assert silent(NOON + 12 * MINUTE) == {}
    with time_machine.travel(NOON + 30 * MINUTE, tick=False):
        CountJob.objects.update(enabled=True)
    assert silent(NOON + 39 * MINUTE) == {}
    assert silent(NOON + 41 * MINUTE) == {definition.job_id: NOON + 30 * MINUTE}


def test_one_that_paused_itself_is_not_silent() -> None:
    definition = make_definition(most_silence=60, pause_after=1)
    assert silent(NOON + 2 * MINUTE)
    ended(definition, FAILED)
    assert pause_failing([definition.job_id], NOON + 3 * MINUTE)
    assert silent(NOON + 9 * MINUTE) == {}


def test_without_the_limit_it_is_not_silent_any_more() -> None:
    definition = make_definition(most_silence=60, pause_after=1)
    assert silent(NOON + 2 * MINUTE)
    definition.most_silence = None
    definition.save()
    assert silent(NOON + 3 * MINUTE) == {}
    assert JobWatch.objects.filter(job_id=definition.job_id).exists()


def test_where_nothing_is_watched_a_look_takes_six_queries_of_indexes() -> None:
    make_definition()
    with CaptureQueriesContext(connection) as queries:
        assert look_for_silence(NOON) == []
    assert len(queries) == 6


def test_jobs_that_do_well_take_no_more_queries_than_one() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert silent(NOON + 2 * MINUTE) == {}
        return len(captured)

    ended(make_definition(most_silence=600), GOOD)
    one = queries()
    for number in range(20):
        ended(make_definition(str(number), most_silence=600), GOOD)
    assert queries() == one


def test_the_upkeep_looks_for_silence(caplog: pytest.LogCaptureFixture) -> None:
    make_definition(most_silence=60)
    with time_machine.travel(NOON + 5 * MINUTE, tick=False):
        Upkeep().look()
    assert "is silent: no success since" in caplog.text
    assert "Mended" not in caplog.text


def test_promise_34_a_success_recorded_meanwhile_ends_the_silence_at_the_next_look() -> None:
    definition = make_definition(most_silence=60)
    run = execution_of(definition, Status.RUNNING, scheduled_at=NOON)
    assert silent(NOON + 5 * MINUTE)
    record([Outcome(GOOD, run.pk, NOON, NOON + 6 * MINUTE)])
    assert silent(NOON + 6 * MINUTE) == {}
