"""Async jobs run; what would run nothing fails, and says why. Issue 8, line 8."""

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any

import pytest
from django.db import connection

from countjobs.executors import ThreadPoolExecutor, current_run
from countjobs.executors.calling import call_job
from countjobs.executors.here import run_here
from countjobs.executors.output import capturing
from countjobs.executors.runs import carry_out
from countjobs.history.run_outcome import Outcome
from countjobs.models import CountJob, Execution, JobDefinition
from countjobs.models.executions import Status
from countjobs.run_context import GOING, Stop
from countjobs.schedulers import create_scheduler
from tests.support.executing import claimed, outcome_of, run_of, submit

pytestmark = pytest.mark.django_db

logger = logging.getLogger(__name__)
variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="nothing")


async def greet(name: str = "you") -> str:
    await asyncio.sleep(0)
    print(f"Hello, {name}!")
    logger.warning("logged")
    return "not kept"


class Greeter:
    async def __call__(self) -> None:
        await greet("callable")

    async def method(self) -> None:
        await greet("method")


def decorated(function: Callable[[], Any]) -> Callable[[], Any]:
    """As many decorators are: what they return looks like any function."""

    @wraps(function)
    def call() -> Any:
        return function()

    return call


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (greet, "you"),
        (partial(greet, "partial"), "partial"),
        (partial(partial(greet), name="both"), "both"),
        (Greeter(), "callable"),
        (Greeter().method, "method"),
        (decorated(greet), "you"),
        (lambda: greet("lambda"), "lambda"),
    ],
)
def test_an_async_job_runs_with_its_output(call: Callable[[], object], name: str) -> None:
    outcome = outcome_of(call)
    assert (outcome.status, outcome.error) == (Status.SUCCEEDED, "")
    said, logged = outcome.output.splitlines()
    assert said == f"Hello, {name}!"
    assert logged.endswith("WARNING logged")


async def fail_late() -> None:
    await asyncio.sleep(0)
    raise ValueError("reason")


async def fail_from_a_task() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail_late())


async def leave() -> None:
    raise SystemExit("leaving")


async def be_cancelled() -> None:
    raise asyncio.CancelledError("enough")


async def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (fail_late, "ValueError: reason"),
        (leave, "SystemExit: leaving"),
        (interrupt, "KeyboardInterrupt"),
        (be_cancelled, "asyncio.exceptions.CancelledError: enough"),
        (fail_from_a_task, "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)"),
    ],
)
def test_whatever_an_async_job_raises_fails_the_run(call: Callable[[], Any], error: str) -> None:
    outcome = outcome_of(call)
    assert (outcome.status, outcome.error) == (Status.FAILED, error)


def test_the_traceback_of_an_async_job_begins_with_its_own_frame() -> None:
    lines = outcome_of(fail_late).traceback.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith("in fail_late")
    assert lines[-1] == "ValueError: reason"
    assert "asgiref" not in "".join(lines)


def test_each_run_has_an_event_loop_of_its_own() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def look() -> None:
        loops.append(asyncio.get_running_loop())

    outcome_of(look)
    outcome_of(look)
    assert loops[0] is not loops[1]
    assert all(loop.is_closed() for loop in loops)


def test_tasks_that_an_async_job_leaves_behind_are_cancelled() -> None:
    ends: list[str] = []

    async def go_on() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise

    async def leave_a_task() -> None:
        tasks.append(asyncio.create_task(go_on()))
        await asyncio.sleep(0)

    tasks: list[asyncio.Task[None]] = []
    assert outcome_of(leave_a_task).status == Status.SUCCEEDED
    assert ends == ["cancelled"]


def test_an_async_job_uses_the_connection_of_the_runs_thread() -> None:
    """It would not see what the test has written, and on SQLite wait for it."""
    CountJob.objects.create(name="seen")
    threads: list[str] = []

    async def look() -> None:
        threads.append(threading.current_thread().name)
        print([job.name async for job in CountJob.objects.all()])

    assert outcome_of(look).output == "['seen']\n"
    assert connection.in_atomic_block


def test_context_variables_go_in_and_not_out() -> None:
    async def change() -> None:
        print(variable.get())
        variable.set("changed")

    variable.set("given")
    assert outcome_of(change).output == "given\n"
    assert variable.get() == "given"


def test_the_current_run_and_the_progress_are_known_in_tasks_too(
    executor: ThreadPoolExecutor, outcomes: list[Outcome]
) -> None:
    told: list[tuple[object, object]] = []
    job = CountJob(name="any")

    async def tell() -> None:
        current = current_run()
        job.progress(1, 2)
        told.append((current and current.execution_id, GOING[5].progress()))

    async def tell_in_a_task() -> None:
        await asyncio.create_task(tell())

    submit(executor, claimed(tell_in_a_task, first=5))
    assert executor.wait_until_idle(60)
    assert told == [(5, (1, 2))]
    assert [each.status for each in outcomes] == [Status.SUCCEEDED]


def test_an_async_job_whose_wait_is_cut_short_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C under `runjob`: the job would go on, and the command wait for it."""
    has_begun, ends = threading.Event(), list[str]()
    has_ended = threading.Event()

    async def go_on() -> None:
        has_begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        finally:
            has_ended.set()

    def interrupt_the_wait(self: object, future: object) -> None:
        assert has_begun.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "asgiref.current_thread_executor.CurrentThreadExecutor.run_until_future", interrupt_the_wait
    )
    with pytest.raises(KeyboardInterrupt):
        call_job(go_on)
    assert has_ended.wait(60)
    assert ends == ["cancelled"]


def test_an_async_job_that_was_stopped_before_it_awaits_anything_ends_there() -> None:
    """There is nothing yet that could be interrupted."""
    run = run_of(greet)
    run.stop = Stop("cancelled", "Ann cancelled it.")
    with capturing():
        outcome = carry_out(run, 1_000)
    assert (outcome.status, outcome.error) == (Status.CANCELLED, "Ann cancelled it.")
    assert outcome.output == ""


def count() -> Iterator[int]:
    print("never")
    yield 1


def test_an_async_function_can_be_added() -> None:
    job = create_scheduler(background=True).add_job(greet, "interval", seconds=5)
    assert job.func is greet


async def _run_async(self: JobDefinition) -> None:
    await greet(self.name)


def _run_lazily(self: JobDefinition) -> Iterator[int]:
    return count()


def test_runjob_runs_async_definitions_too(monkeypatch: pytest.MonkeyPatch) -> None:
    job = CountJob.objects.create(name="definition")
    monkeypatch.setattr(CountJob, "run", _run_async)
    execution = run_here(job, requested_by="")
    assert execution.status == Execution.Status.SUCCEEDED
    assert execution.output.startswith("Hello, definition!\n")

    monkeypatch.setattr(CountJob, "run", _run_lazily)
    assert run_here(job, requested_by="").error.startswith("TypeError: The job returned a gener")
