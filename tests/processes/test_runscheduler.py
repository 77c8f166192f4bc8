"""`runscheduler` as a real process, on the database that the suite runs on."""

from __future__ import annotations

import re
import signal
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from countjobs.history.requests import request_run
from countjobs.models import CountJob, Execution, SchedulerNode
from tests.app.models import Gate, Note
from tests.support.running_schedulers import end, read, scheduler, start
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

EVERY_SECOND = {"second": "*"}
OVERLAPPING = {**EVERY_SECOND, "max_instances": 100}
"""For tests that count runs: on a slow machine a run may begin a second late, and the next one on
time."""


def succeeded(job_id: str, containing: str = "") -> int:
    runs = Execution.objects.filter(job_id=job_id, status="succeeded", output__contains=containing)
    return runs.count()


def newest(job_id: str) -> Execution:
    return Execution.objects.filter(job_id=job_id).latest()


def assert_settled() -> None:
    """Nothing runs, and nobody holds what has not begun: it is left to the next scheduler."""
    assert not Execution.objects.active().exclude(status="queued", node="").exists()


def test_promise_03_edits_take_effect_without_a_restart(log: Path) -> None:
    with scheduler(log) as process:
        job = CountJob.objects.create(name="job", messages={"a": "before"}, **OVERLAPPING)
        wait_until(lambda: succeeded(job.job_id, "a, before"), what="for the created one")

        job.messages = {"a": "after"}
        job.save()
        wait_until(lambda: succeeded(job.job_id, "a, after"), what="for the new messages")

        job.second, job.minute = "0", str((timezone.now() + timedelta(minutes=30)).minute)
        job.save()
        edited = timezone.now()
        witness = CountJob.objects.create(name="witness", **OVERLAPPING)
        wait_until(lambda: succeeded(witness.job_id) >= 2, what="for another job")
        assert newest(job.job_id).scheduled_at <= edited

        CountJob.objects.filter(pk=job.pk).update(second="*", minute="*")
        wait_until(lambda: newest(job.job_id).scheduled_at > edited, what="for a bulk update")

        CountJob.objects.filter(pk=job.pk).update(enabled=False)
        disabled = timezone.now()
        seen = succeeded(witness.job_id)
        wait_until(lambda: succeeded(witness.job_id) >= seen + 2, what="while it is disabled")
        assert newest(job.job_id).scheduled_at <= disabled

        job.refresh_from_db()
        job.enabled = True
        job.save()
        wait_until(lambda: newest(job.job_id).scheduled_at > disabled, what="for re-enabling")

        job_id = job.job_id
        job.delete()
        deleted = timezone.now()
        seen = succeeded(witness.job_id)
        wait_until(lambda: succeeded(witness.job_id) >= seen + 2, what="after deletion")
        assert newest(job_id).scheduled_at <= deleted
        assert Execution.objects.filter(job_id=job_id).count() >= 4

        assert end(process) == 0
    assert_settled()
    unwanted = Execution.objects.exclude(status__in=["succeeded", "queued"]).values("error")
    assert not unwanted, list(unwanted)
    assert "Traceback" not in read(log)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_promise_23_a_signal_lets_a_run_end_and_exits_with_0(
    log: Path, tmp_path: Path, signum: signal.Signals
) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", file=str(file), **EVERY_SECOND)
    with scheduler(log) as process:
        wait_until(lambda: gate.has_begun)
        process.send_signal(signum)
        wait_until(lambda: SchedulerNode.objects.filter(state="draining"))
        assert process.poll() is None
        file.touch()
        assert process.wait(60) == 0
    first = Execution.objects.filter(job_id=gate.job_id).earliest("scheduled_at")
    assert (first.status, first.output) == ("succeeded", "begun\nended\n")
    assert_settled()
    assert SchedulerNode.objects.get().state == "stopped"


def test_a_second_signal_exits_at_once(log: Path, tmp_path: Path) -> None:
    gate = Gate.objects.create(name="gate", file=str(tmp_path / "never"), **EVERY_SECOND)
    with scheduler(log) as process:
        wait_until(lambda: gate.has_begun)
        process.send_signal(signal.SIGINT)
        wait_until(lambda: SchedulerNode.objects.filter(state="draining"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 128 + signal.SIGTERM


def test_a_run_that_outlasts_the_drain_is_lost_and_the_exit_status_is_1(
    log: Path, tmp_path: Path
) -> None:
    gate = Gate.objects.create(name="gate", file=str(tmp_path / "never"), **EVERY_SECOND)
    with scheduler(log, "--drain-timeout", "0.2") as process:
        wait_until(lambda: gate.has_begun)
        assert end(process) == 1
    lost = Execution.objects.get(status="lost")
    assert "had not finished" in lost.error
    assert_settled()


def test_promise_09_what_a_killed_scheduler_ran_is_lost_and_the_job_goes_on(
    log: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", file=str(file), **EVERY_SECOND)
    with scheduler(log) as process:
        wait_until(lambda: gate.has_begun)
        process.kill()
        process.wait()
    file.touch()
    # Its lease runs out: instead of waiting for that, its last heartbeat is made older.
    SchedulerNode.objects.update(heartbeat=timezone.now() - timedelta(minutes=1))
    with scheduler(log):
        wait_until(lambda: Execution.objects.filter(status="lost"), 60)
        wait_until(lambda: succeeded(gate.job_id, "ended"))
    lost = Execution.objects.get(status="lost")
    assert f":{process.pid}:" in lost.error


def test_promise_01_two_schedulers_start_each_run_once(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "notes"
    for number in range(20):
        Note.objects.create(name=f"note {number}", file=str(file), **OVERLAPPING)
    with scheduler(log) as one, scheduler(log) as two:
        both = {f":{one.pid}:", f":{two.pid}:"}

        def nodes() -> set[str]:
            found = Execution.objects.values_list("node", flat=True).distinct()
            return {pid for pid in both if any(pid in node for node in found)}

        wait_until(lambda: nodes() == both, what="until both have run something")
        wait_until(lambda: Execution.objects.count() >= 100, 60)
        assert (end(one), end(two)) == (0, 0)
    assert_settled()
    ended = Execution.objects.exclude(status="queued")
    assert set(ended.values_list("status", flat=True)) == {"succeeded"}
    assert len(file.read_text().splitlines()) == ended.count()


def test_promise_19_a_request_is_picked_up_by_the_scheduler(log: Path) -> None:
    job = CountJob.objects.create(name="job", enabled=False, messages={"a": "asked"})
    with scheduler(log):
        asked = request_run(job.job_id, job.name, requested_by="ann")
        wait_until(lambda: succeeded(job.job_id, "a, asked"))
    asked.refresh_from_db()
    assert (asked.trigger, asked.requested_by) == ("manual", "ann")


def _of_others(expression: str) -> int:
    """How many connections to the database others have, after something is asked of each."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count({expression}) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def test_promise_05_connections_that_the_server_ended_are_replaced(log: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no server that could end connections")
    job = CountJob.objects.create(name="job", **OVERLAPPING)
    with scheduler(log) as process:
        for _ in range(3):
            seen = succeeded(job.job_id)
            wait_until(lambda: _of_others("pid") >= 2, what="until it has connections again")
            _of_others("pg_terminate_backend(pid)")
            wait_until(lambda: succeeded(job.job_id) >= seen + 2, what=lambda: read(log))  # noqa: B023
        assert end(process) == 0
    assert not Execution.objects.exclude(status="succeeded").exists()


def test_promise_24_a_web_process_writes_while_the_scheduler_does(log: Path) -> None:
    jobs = [CountJob(name=f"job {number}", **EVERY_SECOND) for number in range(30)]
    for job in jobs:
        job.save()
    with scheduler(log):
        wait_until(lambda: Execution.objects.count() >= 30)
        for count in range(3):
            for job in jobs:
                job.count = count
                job.save()  # raises “database is locked” where writers don't wait
        seen = Execution.objects.count()
        wait_until(lambda: Execution.objects.count() >= seen + 30)
    assert "locked" not in read(log)


def test_runscheduler_says_what_is_wrong_where_there_are_no_tables(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = start("runscheduler", log=log, url=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert process.wait(20) == 1
    assert "The database can't be used" in read(log)
    assert "migrate" in read(log)


def test_runscheduler_explains_its_options(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert start("runscheduler", "--help", log=log).wait(20) == 0
    assert "--threads" in read(log)
    assert "--drain-timeout" in read(log)


@pytest.mark.parametrize(
    "options",
    [
        ("--threads", "0"),
        ("--threads", "many"),
        ("--drain-timeout", "-1"),
        ("--drain-timeout", "nan"),
    ],
)
def test_runscheduler_refuses_bad_options(tmp_path: Path, options: tuple[str, str]) -> None:
    log = tmp_path / "log"
    assert start("runscheduler", *options, log=log).wait(20) == 2
    assert "must be" in read(log)


def test_runscheduler_logs_in_the_articles_form(log: Path) -> None:
    CountJob.objects.create(name="job", messages={"one": "one count."}, **EVERY_SECOND)
    with scheduler(log, "-v", "3"):
        wait_until(lambda: "executed successfully" in read(log))
    stamp = r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d "
    for line in (
        "INFO Scheduler started$",
        r"DEBUG Next wakeup is due at \d{4}-",
        r'INFO Running job "job" \(scheduled at ',
        r"INFO 3 count finished\.$",
        r"INFO one, one count\.$",
        'INFO Job "job" executed successfully$',
    ):
        assert re.search(stamp + line, read(log)), line
