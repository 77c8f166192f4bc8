"""Runs that are hard to end, in a real scheduler, and good jobs beside them (issue 10).

What is counted are processes with a mark in their environment, and what good jobs noted in a file.
"""

from __future__ import annotations

import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from countjobs.api import cancel_run, request_run
from countjobs.models import Execution, SchedulerNode
from countjobs.models.executions import Status
from tests.app.models import Hard, Note
from tests.support.process_marks import VARIABLE, marked
from tests.support.running_schedulers import end, read, scheduler
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

LIMIT = 2
GOOD = 12
MOST_LATE = 0.5
AT_ONCE, LATE = "It ended by SIGTERM.", "and was ended by SIGKILL 5 s later."
HARD = {
    "sleep_long": AT_ONCE,
    "sleep_async": AT_ONCE,
    "loop_in_python": AT_ONCE,
    "loop_in_c": LATE,
    "ignore_sigterm": LATE,
    "start_children": AT_ONCE,
    "start_hard_children": AT_ONCE,
}
SETTINGS = '{"PROCESSES": 3, "THREADS": 10, "HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 10}'


def good_jobs(notes: Path) -> None:
    """Definitions that fire every second, in threads."""
    notes.touch()
    for number in range(GOOD):
        Note.objects.create(name=f"good-{number}", second="*", file=str(notes))


def hard_job(what: str, executor: str, **values: object) -> Hard:
    return Hard.objects.create(
        name=f"{what} in {executor}", what=what, executor=executor, year="2199", **values
    )


def ended(run: Execution, log: Path, seconds: float = 90) -> Execution:
    mine = Execution.objects.filter(pk=run.pk, finished_at__isnull=False)
    wait_until(mine.exists, seconds, what=lambda: read(log))
    return mine.get()


def late_notes(notes: Path, since: datetime) -> list[str]:
    """Good runs that started too late: the history says how late, the notes that they ran."""
    noted = Counter(line.rsplit(" ", 1)[0] for line in notes.read_text().splitlines())
    assert len(noted) >= GOOD, "they ran"
    assert max(noted.values()) == 1, "each once"
    runs = Execution.objects.filter(job_name__startswith="good-", started_at__isnull=False)
    return [
        f"{run}: {run.lateness}"
        for run in runs.filter(scheduled_at__gte=since)
        if run.lateness is not None and run.lateness > timedelta(seconds=MOST_LATE)
    ]


@pytest.mark.timeout(240)
def test_promise_13_whatever_a_run_in_a_process_does_it_ends_at_its_limit(
    log: Path, mark: str, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    good_jobs(notes)
    with scheduler(log, TEST_COUNTJOBS=SETTINGS, **{VARIABLE: mark}) as process:
        wait_until(notes.read_text, 60)
        began = timezone.now()
        runs = {what: request_run(hard_job(what, "processes", time_limit=LIMIT)) for what in HARD}
        found = {what: ended(run, log) for what, run in runs.items()}
        late = late_notes(notes, began)
        assert end(process) == 0
    for what, run in found.items():
        assert run.status == Status.TIMED_OUT, (what, run.error)
        assert run.error.startswith("It was stopped after 2."), what
        assert run.error.endswith(HARD[what]), what
        assert "working" in run.output, what
        assert run.duration is not None
        most = LIMIT + 1 + 5 * (HARD[what] == LATE)
        assert LIMIT - 0.5 <= run.duration.total_seconds() <= most, what
    wait_until(lambda: not marked(mark), 10, what=lambda: f"for the end of {marked(mark)}")
    assert not late


def test_promise_32_a_run_in_a_process_ends_when_somebody_cancels_it(log: Path, mark: str) -> None:
    with scheduler(log, TEST_COUNTJOBS=SETTINGS, **{VARIABLE: mark}) as process:
        runs = [request_run(hard_job(what, "processes")) for what in ("loop_in_c", "sleep_long")]
        for run in runs:
            there = Execution.objects.filter(pk=run.pk, output__contains="working")
            wait_until(there.exists, 60, what=lambda: read(log))
            asked_at = timezone.now()
            assert cancel_run(run.pk, requested_by="Ann")
            done = ended(run, log)
            assert done.status == Status.CANCELLED
            assert done.error.startswith("Cancelled by Ann, ")
            assert done.finished_at is not None
            noticed = (done.finished_at - asked_at).total_seconds() - 5 * (LATE in done.error)
            assert noticed < 2
        assert end(process) == 0
    wait_until(lambda: not marked(mark), 10)


def test_a_run_that_crashes_its_process_is_tried_again_in_another(log: Path) -> None:
    with scheduler(log, TEST_COUNTJOBS=SETTINGS) as process:
        definition = hard_job("segfault", "processes", retries=1, retry_delay=1)
        first = ended(request_run(definition), log)
        last = Execution.objects.filter(attempt=2, finished_at__isnull=False)
        wait_until(last.exists, 60, what=lambda: read(log))
        assert end(process) == 0
    assert first.error.startswith("Its worker process was ended by SIGSEGV.")
    assert first.error.endswith("Attempt 2 of at most 2 follows.")
    assert last.get().error.endswith("this was attempt 2 of at most 2.")
    assert [run.status for run in (first, last.get())] == [Status.FAILED, Status.FAILED]


@pytest.mark.timeout(240)
def test_promise_13_what_does_not_end_in_a_thread_is_given_up_and_costs_no_capacity(
    log: Path, mark: str, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    settings = '{"THREADS": 3, "HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 10}'
    with scheduler(log, TEST_COUNTJOBS=settings, **{VARIABLE: mark}) as process:
        given_up = [
            request_run(hard_job(what, "default", time_limit=LIMIT))
            for what in ("sleep_long", "wait_for_program")
        ]
        looks = request_run(hard_job("look", "default", time_limit=LIMIT))
        awaits = request_run(hard_job("sleep_async", "default", time_limit=LIMIT))
        found = [ended(run, log) for run in (*given_up, looks, awaits)]
        assert {run.status for run in found} == {Status.TIMED_OUT}
        gone_on = [run for run in found if "so it was given up" in run.error]
        assert [run.pk for run in gone_on] == [run.pk for run in given_up]
        wait_until(lambda: SchedulerNode.objects.get().given_up == 2, what=lambda: read(log))
        good_jobs(notes)
        wait_until(lambda: len(notes.read_text().splitlines()) >= 3 * GOOD, 60)
        # One more that hangs, and there is no thread left.
        request_run(Hard.objects.get(what="sleep_long"))
        assert process.wait(60) == 1
    assert "All threads were taken by runs that did not stop." in read(log)
    assert not Execution.objects.active().exclude(node="").exists(), "nothing is left to be lost"


def test_limits_hold_through_a_freeze_of_the_scheduler(log: Path, mark: str) -> None:
    with scheduler(log, TEST_COUNTJOBS=SETTINGS, **{VARIABLE: mark}) as process:
        run = request_run(hard_job("sleep_long", "processes", time_limit=LIMIT))
        there = Execution.objects.filter(pk=run.pk, output__contains="working")
        wait_until(there.exists, 60, what=lambda: read(log))
        process.send_signal(signal.SIGSTOP)
        over = datetime.now(UTC) + timedelta(seconds=LIMIT + 1)
        wait_until(lambda: datetime.now(UTC) > over)
        process.send_signal(signal.SIGCONT)
        done = ended(run, log)
        assert end(process) == 0
    assert done.status == Status.TIMED_OUT
    wait_until(lambda: not marked(mark), 10)
