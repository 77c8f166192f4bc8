"""Schedulers embedded in a program: whatever happens around a job, the loop goes on."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from apscheduler.events import EVENT_ALL, EVENT_JOB_ERROR, EVENT_JOB_EXECUTED
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.interval import IntervalTrigger
from django.db import OperationalError
from django_apscheduler.models import DjangoJob

from countjobs.jobstores import claiming
from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode
from countjobs.models.nodes import State
from countjobs.schedulers import create_scheduler
from countjobs.schedulers.loop import DatabaseScheduler
from tests.app import jobs
from tests.app.models import Gate, Greeting
from tests.support.scheduling import running
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def ended(name: str) -> Execution | None:
    """A run of a job that has ended. Others may have been skipped, while it went on."""
    runs = Execution.objects.filter(job_name=name, finished_at__isnull=False)
    return runs.exclude(status="skipped").first()


def wait_for(name: str) -> Execution:
    wait_until(lambda: ended(name), what=f"for {name}")
    execution = ended(name)
    assert execution is not None
    return execution


def assert_goes_on(scheduler: DatabaseScheduler) -> None:
    """A job that is added now still runs."""
    scheduler.add_job(jobs.greet, args=["World"], name="witness")
    assert wait_for("witness").output == "Hello, World!\n"


def test_any_callable_runs_from_code_with_history() -> None:
    with running() as scheduler:
        job = scheduler.add_job(jobs.greet, "interval", ["Ann"], {"loudly": True}, seconds=0.2)
        execution = wait_for("greet")
    assert execution.job_id == job.id
    assert (execution.status, execution.output) == ("succeeded", "Hello, ANN!\n")
    assert execution.started_at >= execution.scheduled_at  # type: ignore[operator]  # it has begun


def test_any_trigger_will_do_and_a_job_that_is_over_leaves_the_store() -> None:
    now = datetime.now(UTC)
    interval = IntervalTrigger(seconds=1, start_date=now, end_date=now + timedelta(seconds=2.5))
    with running() as scheduler:
        scheduler.add_job(jobs.greet, OrTrigger([interval, interval]), args=["Ann"])
        wait_until(lambda: Execution.objects.filter(status="succeeded").count() == 2)
        wait_until(lambda: not DjangoJob.objects.exists())


def test_jobs_added_before_the_start_run_after_it() -> None:
    scheduler = create_scheduler(background=True)
    scheduler.add_job(jobs.greet, args=["Ann"])
    assert DjangoJob.objects.exists()
    assert not Execution.objects.exists()
    scheduler.start()
    try:
        wait_for("greet")
    finally:
        scheduler.shutdown()


def test_a_job_from_code_survives_the_scheduler_that_added_it() -> None:
    with running() as scheduler:
        scheduler.add_job(jobs.greet, "interval", args=["Ann"], seconds=0.1, id="greeting")
    seen = Execution.objects.count()
    with running() as scheduler:
        wait_until(lambda: Execution.objects.count() > seen)
        assert scheduler.get_job("greeting").name == "greet"


def test_a_blocking_scheduler_runs_until_it_is_shut_down() -> None:
    scheduler = create_scheduler()
    thread = threading.Thread(target=scheduler.start)
    thread.start()
    wait_until(lambda: SchedulerNode.objects.filter(state="running").exists())
    assert_goes_on(scheduler)
    scheduler.shutdown()
    thread.join(60)
    assert not thread.is_alive()


def test_a_second_kind_of_definition_runs() -> None:
    Greeting.objects.create(name="greeting", second="*", greeted="Ann", times=2)
    with running():
        assert wait_for("greeting").output == "Hello, Ann!\nHello, Ann!\n"


def test_a_failing_run_keeps_the_error_and_the_chained_traceback() -> None:
    with running() as scheduler:
        scheduler.add_job(jobs.fail)
        execution = wait_for("fail")
        assert_goes_on(scheduler)
    assert (execution.status, execution.error) == ("failed", "ValueError: the effect")
    assert "KeyError: 'the cause'" in execution.traceback
    assert "direct cause" in execution.traceback


def test_a_job_that_exits_fails_and_the_loop_goes_on() -> None:
    with running() as scheduler:
        scheduler.add_job(jobs.leave)
        assert wait_for("leave").error == "SystemExit: leaving"
        assert_goes_on(scheduler)


def test_listeners_are_told_and_one_that_raises_hurts_nobody() -> None:
    told = []

    def listen(event: Any) -> None:
        told.append(event.code)
        raise RuntimeError("a listener's own fault")

    scheduler = create_scheduler(background=True)
    scheduler.add_listener(listen, EVENT_ALL)
    scheduler.start()
    try:
        scheduler.add_job(jobs.fail)
        wait_for("fail")
        assert_goes_on(scheduler)
        wait_until(lambda: {EVENT_JOB_ERROR, EVENT_JOB_EXECUTED} <= set(told))
    finally:
        scheduler.shutdown()


@pytest.mark.parametrize("error", [OperationalError("gone"), RuntimeError("a bug"), MemoryError()])
def test_promise_04_errors_of_the_database_do_not_end_the_loop(error: Exception) -> None:
    with running() as scheduler:
        with patch.object(claiming, "claim", side_effect=error) as claim:
            CountJob.objects.create(name="job", second="*")
            wait_until(lambda: claim.call_count >= 2)
        runs = Execution.objects.filter(job_name="job", status="succeeded")
        wait_until(runs.exists, what="for the job")
        assert scheduler.is_looping
    assert not ParkedJob.objects.exists()


def test_promise_04_errors_in_the_loop_itself_do_not_end_it() -> None:
    with running() as scheduler:
        with patch.object(scheduler.store, "get_next_run_time", side_effect=ValueError) as broken:
            scheduler.wakeup()
            wait_until(lambda: broken.called)
        assert_goes_on(scheduler)


def test_a_broken_definition_is_parked_and_the_others_run() -> None:
    broken = CountJob.objects.create(name="broken", second="*")
    CountJob.objects.create(name="whole", second="*")
    with running():
        wait_for("broken")
        CountJob.objects.filter(pk=broken.pk).update(second="61")
        seen = Execution.objects.filter(job_name="whole").count()
        wait_until(lambda: Execution.objects.filter(job_name="whole").count() > seen)
    assert "61" in ParkedJob.objects.get(job_id=broken.job_id).error


def test_promise_22_a_run_keeps_its_own_output_with_others_beside_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with running(threads=4) as scheduler:
        for word in ("one", "two", "three"):
            scheduler.add_job(jobs.say_often, args=[word], name=word)
        for word in ("one", "two", "three"):
            lines = wait_for(word).output.splitlines()
            assert len(lines) == 400
            assert all(word in line for line in lines)


def test_promise_12_a_fire_time_is_skipped_while_the_last_run_goes_on(tmp_path: Any) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", second="*", file=str(file))
    with running():
        wait_until(lambda: gate.has_begun)
        wait_until(lambda: Execution.objects.filter(status="skipped"))
        assert Execution.objects.filter(job_id=gate.job_id, status="running").count() == 1
        file.touch()
        wait_until(lambda: Execution.objects.filter(status="succeeded"))
    skipped = Execution.objects.filter(status="skipped").first()
    assert skipped is not None
    assert "max_instances is 1" in skipped.error


def test_no_more_runs_begin_than_there_are_threads(tmp_path: Any) -> None:
    file = tmp_path / "gate"
    for number in range(5):
        Gate.objects.create(name=f"gate {number}", second="*", file=str(file))
    with running(threads=2) as scheduler:
        wait_until(lambda: Execution.objects.active().count() == 2)
        wait_until(lambda: scheduler.store.waits_for_capacity)
        assert Execution.objects.active().count() == 2
        file.touch()
        wait_until(lambda: Execution.objects.values("job_id").distinct().count() == 5)


def test_a_shutdown_without_waiting_leaves_nothing_running(tmp_path: Any) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", second="*", file=str(file))
    scheduler = create_scheduler(background=True)
    scheduler.start()
    wait_until(lambda: gate.has_begun)
    scheduler.shutdown(wait=False)
    file.touch()
    assert not Execution.objects.active().exists()
    assert Execution.objects.filter(status="lost").count() == 1


def test_a_connection_that_broke_does_not_keep_it_from_saying_that_it_drains() -> None:
    scheduler = create_scheduler(background=True)
    scheduler.start()
    tell, told = scheduler.heartbeat.tell, []

    def tell_but_first(state: State, now: datetime) -> None:
        told.append(state)
        if len(told) == 1:
            raise OperationalError("the connection is closed")
        tell(state, now)

    with patch.object(scheduler.heartbeat, "tell", tell_but_first):
        scheduler.shutdown()
    assert told == [State.DRAINING, State.DRAINING, State.STOPPED]
    assert SchedulerNode.objects.get().state == State.STOPPED


def test_a_shutdown_without_the_database_says_so_in_a_line_and_without_a_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    scheduler = create_scheduler(background=True)
    scheduler.start()
    with patch.object(scheduler.heartbeat, "tell", side_effect=OperationalError("gone")):
        scheduler.shutdown()
    said = [record for record in caplog.records if "step of the shutdown failed" in record.message]
    assert [(record.levelname, record.exc_info) for record in said] == [("ERROR", None)] * 2
    assert said[0].message == (
        "A step of the shutdown failed. If runs are left, another scheduler will mark them as lost,"
        " or give them back. The database reports an error: gone"
    )


def test_a_run_that_outlasts_the_drain_is_run_again_where_its_definition_says_so(
    tmp_path: Any,
) -> None:
    file = tmp_path / "gate"
    gate = Gate.objects.create(name="gate", second="*", file=str(file), rerun_if_lost=True)
    with running(drain_seconds=0):
        wait_until(lambda: gate.has_begun)
    file.touch()
    lost = Execution.objects.get(status="lost")
    assert lost.error == (
        "This run had not finished 0 s after the scheduler was told to stop. "
        "Attempt 2 of at most 3 follows."
    )
    again = Execution.objects.get(trigger="retry")
    assert (again.status, again.node, again.attempt) == ("queued", "", 2)
    assert again.scheduled_at == lost.scheduled_at
    with running():
        wait_until(lambda: Execution.objects.filter(pk=again.pk, status="succeeded"))


def test_promise_25_only_a_started_scheduler_runs_anything() -> None:
    code = "import django, threading; django.setup(); print(threading.active_count())"
    environment = {"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": ""}
    threads = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True
    )
    assert threads.stdout == "1\n"
    create_scheduler(background=True)
    assert not SchedulerNode.objects.exists()
