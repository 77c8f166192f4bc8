"""Issue 8, line 12: a job that shuts down its own scheduler doesn't wait for itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from contextvars import copy_context
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MAX_INSTANCES
from apscheduler.schedulers import SchedulerNotRunningError
from apscheduler.schedulers.base import STATE_STOPPED, BaseScheduler

from countjobs.models import Execution, SchedulerNode
from countjobs.models.nodes import State
from countjobs.schedulers import BackgroundScheduler, create_scheduler
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

LONG = 60.0
current: dict[str, Any] = {}


def shut_down(*, wait: bool) -> None:
    began = time.monotonic()
    current["scheduler"].shutdown(wait=wait)
    print(f"after {time.monotonic() - began:.1f} s")


def shut_down_in_a_thread() -> None:
    """As asgiref does: with the context of the run."""
    thread = threading.Thread(target=copy_context().run, args=[lambda: shut_down(wait=True)])
    thread.start()
    thread.join()


def hold() -> None:
    current["reached"].set()
    assert current["gate"].wait(30)


@pytest.fixture
def scheduler() -> Iterator[BackgroundScheduler]:
    scheduler = create_scheduler(background=True, drain_seconds=LONG)
    current.update(scheduler=scheduler, gate=threading.Event(), reached=threading.Event())
    yield scheduler
    with suppress(SchedulerNotRunningError):
        scheduler.shutdown()


def wait_for_the_end(scheduler: BaseScheduler) -> None:
    wait_until(lambda: scheduler.state == STATE_STOPPED, what="for the scheduler's end")
    wait_until(lambda: SchedulerNode.objects.get().state == State.STOPPED)


@pytest.mark.parametrize("wait", [True, False])
def test_it_ends_and_its_run_is_recorded(scheduler: BackgroundScheduler, wait: bool) -> None:
    scheduler.start()
    scheduler.add_job(shut_down, kwargs={"wait": wait})
    wait_for_the_end(scheduler)
    run = Execution.objects.get()
    assert (run.status, run.output[:8]) == ("succeeded", "after 0.")
    assert scheduler.abandoned == 0


def test_from_a_thread_of_the_run_too(scheduler: BackgroundScheduler) -> None:
    scheduler.start()
    scheduler.add_job(shut_down_in_a_thread)
    wait_for_the_end(scheduler)
    assert Execution.objects.get().status == "succeeded"


def test_it_waits_for_other_runs(scheduler: BackgroundScheduler) -> None:
    scheduler.start()
    scheduler.add_job(hold, name="other")
    assert current["reached"].wait(20)
    scheduler.add_job(shut_down, kwargs={"wait": True}, name="own")
    own = Execution.objects.filter(job_name="own", status="succeeded")
    wait_until(own.exists, what="for the run that shuts down")
    assert scheduler.state != STATE_STOPPED
    current["gate"].set()
    wait_for_the_end(scheduler)
    assert Execution.objects.get(job_name="other").status == "succeeded"


def test_a_listener_in_the_run_s_thread(scheduler: BackgroundScheduler) -> None:
    scheduler.add_listener(lambda event: scheduler.shutdown(), EVENT_JOB_EXECUTED)
    scheduler.start()
    scheduler.add_job("builtins:print", args=["hello"])
    wait_for_the_end(scheduler)
    assert Execution.objects.get().status == "succeeded"


def test_a_listener_in_the_loop_s_thread(scheduler: BackgroundScheduler) -> None:
    def end(event: object) -> None:
        scheduler.shutdown()
        current["gate"].set()

    scheduler.add_listener(end, EVENT_JOB_MAX_INSTANCES)
    scheduler.start()
    scheduler.add_job(hold, "interval", seconds=0.2)
    wait_for_the_end(scheduler)
    assert not Execution.objects.active().filter(status="running").exists()


def test_a_blocking_scheduler_s_start_returns() -> None:
    scheduler = create_scheduler(drain_seconds=LONG)
    current["scheduler"] = scheduler
    thread = threading.Thread(target=scheduler.start)
    thread.start()
    scheduler.add_job(shut_down, kwargs={"wait": True})
    thread.join(60)
    assert not thread.is_alive()
    assert Execution.objects.get().status == "succeeded"


def test_two_that_shut_down_at_once_do_it_once(scheduler: BackgroundScheduler) -> None:
    scheduler.start()
    errors: list[Exception] = []

    def end() -> None:
        try:
            scheduler.shutdown()
        except SchedulerNotRunningError as error:
            errors.append(error)

    threads = [threading.Thread(target=end) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(errors) == 1
    assert scheduler.state == STATE_STOPPED
