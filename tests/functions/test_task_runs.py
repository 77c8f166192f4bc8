"""Issue 11: the run of a registered Django task enqueues it to the task's own backend."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from importlib import import_module
from typing import Any

import django
import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from countjobs import job
from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.output import capturing
from countjobs.functions.registry import registry
from countjobs.functions.signatures import SignatureError, parameters_of
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claims import claim
from countjobs.models import FunctionJob
from countjobs.models.executions import Status
from tests.support.executing import submit
from tests.support.factories import NOON, SECOND, make_due
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

Run = Callable[[FunctionJob], Outcome]

called: list[Any] = []


def send(to: list[str], days: int = 7, *, title: str | None = None) -> None:
    """Send a report."""
    called.append((to, days, title))


async def send_later(to: list[str]) -> None:
    called.append(to)


def send_in_context(context: Any, to: list[str]) -> None:
    called.append((context.attempt, to))


def fail(to: list[str]) -> None:
    raise KeyError(f"nobody called {to}")


def pay(amount: Decimal, on: date) -> None:
    """JSON has neither."""


@pytest.fixture(params=["django_tasks", "django.tasks"])
def tasks(request: pytest.FixtureRequest) -> Any:
    """Where tasks come from: the package, or Django itself."""
    called.clear()
    if request.param == "django_tasks":
        return pytest.importorskip("django_tasks")
    if django.VERSION < (6,):
        pytest.skip("Django has tasks of its own from 6.0 on.")
    return import_module("django.tasks")


@pytest.fixture
def made(tasks: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Make a task, as `@task` does: the function's name in its module means the task."""

    def make(function: Callable[..., Any], **options: Any) -> Any:
        task = tasks.task(**options)(function)
        monkeypatch.setitem(globals(), function.__name__, task)
        return task

    return make


@pytest.fixture
def enqueued(tasks: Any) -> Iterator[list[Any]]:
    """The results of what is enqueued, whichever thread does it."""
    results: list[Any] = []

    def note(task_result: Any, **options: Any) -> None:
        results.append(task_result)

    signal = import_module(f"{tasks.__name__}.signals").task_enqueued
    signal.connect(note)
    yield results
    signal.disconnect(note)


@pytest.fixture
def backend(tasks: Any, settings: Settings) -> Callable[..., None]:
    def use(name: str, **options: Any) -> None:
        path = f"{tasks.__name__}.backends.{name.lower()}.{name}Backend"
        settings.TASKS = {
            "default": {"BACKEND": path},
            "slow": {"BACKEND": path, "QUEUES": ["reports"], **options},
        }

    return use


@pytest.fixture
def run(executor: ThreadPoolExecutor, outcomes: list[Outcome]) -> Run:
    """Claim a due run, and have an executor carry it out."""

    def claimed(definition: FunctionJob) -> Outcome:
        definition.full_clean()
        definition.save()
        make_due(definition.job_id, NOON)
        [found] = claim(NOON + SECOND, limit=10, node="here:1:1", busy={}).jobs
        with capturing():
            submit(executor, found)
            wait_until(lambda: outcomes)
        return outcomes.pop()

    return claimed


@pytest.fixture
def run_at_once(run: Run, backend: Callable[..., None]) -> Run:
    """The same, with backends that carry tasks out as they are enqueued."""
    backend("Immediate")
    return run


def test_a_run_enqueues_the_task_and_says_the_result_s_id(
    made: Callable[..., Any], backend: Callable[..., None], enqueued: list[Any], run: Run
) -> None:
    backend("Dummy")
    task = job(name="send")(made(send))
    outcome = run(FunctionJob.of(task, name="report", arguments={"to": ["ann"], "days": 3}))
    [result] = enqueued
    assert outcome.status == Status.SUCCEEDED, outcome.error
    assert outcome.output == (
        f"Enqueued {__name__}.send as {result.id}, on the backend “default”.\n"
    )
    assert (result.args, result.kwargs) == ([], {"to": ["ann"], "days": 3})
    assert called == [], "only enqueued"


def test_priority_queue_and_backend_are_the_task_s(
    made: Callable[..., Any], backend: Callable[..., None], enqueued: list[Any], run: Run
) -> None:
    backend("Dummy")
    task = job(made(send, priority=7, queue_name="reports", backend="slow"))
    outcome = run(FunctionJob.of(task, name="report", arguments={"to": []}))
    [result] = enqueued
    assert outcome.output.endswith("on the backend “slow”.\n")
    assert (result.task.priority, result.task.queue_name) == (7, "reports")
    assert result.backend == "slow"


@pytest.mark.parametrize(
    ("function", "options", "expected"),
    [
        (send, {}, (["ann"], 7, None)),
        (send_later, {}, ["ann"]),
        (send_in_context, {"takes_context": True}, (1, ["ann"])),
    ],
)
def test_a_backend_that_runs_it_at_once(
    function: Callable[..., Any],
    options: dict[str, Any],
    expected: Any,
    made: Callable[..., Any],
    run_at_once: Run,
) -> None:
    """Also async tasks, and tasks that take their context: that isn't an argument."""
    task = job(made(function, **options))
    outcome = run_at_once(FunctionJob.of(task, name="report", arguments={"to": ["ann"]}))
    assert outcome.status == Status.SUCCEEDED, outcome.error
    assert re.match(r"Enqueued .* as \S+, on the backend “default”\.\n", outcome.output)
    assert called == [expected]


def test_a_task_that_fails_at_once_fails_the_run(
    made: Callable[..., Any], run_at_once: Run
) -> None:
    task = job(made(fail))
    outcome = run_at_once(FunctionJob.of(task, name="fail", arguments={"to": ["ann"]}))
    assert outcome.status == Status.FAILED
    assert outcome.error.startswith("RuntimeError: The task failed.")
    assert "KeyError: \"nobody called ['ann']\"" in outcome.traceback
    assert "countjobs/functions" not in outcome.traceback, "the frames are the task's"


def test_what_can_not_be_enqueued_fails_the_run(
    made: Callable[..., Any], backend: Callable[..., None], run: Run, settings: Settings
) -> None:
    backend("Dummy")
    task = job(made(send, backend="slow", queue_name="reports"))
    definition = FunctionJob.of(task, name="report", arguments={"to": []})
    backend("Dummy", QUEUES=["others"])
    outcome = run(definition)
    assert outcome.status == Status.FAILED
    assert "Queue 'reports' is not valid for backend." in outcome.error
    assert outcome.output == ""
    assert "countjobs/functions" not in outcome.traceback


def test_a_parameter_that_json_can_not_hold_is_refused(
    made: Callable[..., Any], backend: Callable[..., None]
) -> None:
    backend("Dummy")
    task = job(made(pay))
    registered = registry.of(task)
    assert registered is not None
    with pytest.raises(SignatureError) as refused:
        parameters_of(registered)
    assert refused.value.args == (
        "“amount”: a Django task takes only what JSON can hold.",
        "“on”: a Django task takes only what JSON can hold.",
    )
    definition = FunctionJob(name="pay", function=registered.name, arguments={"amount": "1"})
    with pytest.raises(ValidationError, match="a Django task takes only what JSON can hold"):
        definition.full_clean()


def test_a_task_stays_what_it_is(made: Callable[..., Any], backend: Callable[..., None]) -> None:
    backend("Dummy")
    function, task = send, made(send)
    assert job(task) is task
    [registered] = registry.functions
    assert registered.is_task
    assert registered.function is function
    assert registered.name == f"{__name__}.send"
    assert not registry.find("send")
