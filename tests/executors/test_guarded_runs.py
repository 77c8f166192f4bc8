"""Issue 8, line 5: whatever goes wrong around a run, it ends with an outcome, and so do others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from countjobs import lasting
from countjobs.capped import CappedText
from countjobs.executors import ThreadPoolExecutor, runs
from countjobs.executors.output import Capture, capturing
from countjobs.executors.runs import carry_out
from countjobs.history.recorder import Recorder
from countjobs.history.run_outcome import Outcome
from countjobs.models.executions import Status
from tests.support.executing import Claims, Scheduler, claimed, fail, run_of, submit
from tests.support.factories import make_execution
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db


class Fault(BaseException):
    """What nobody expects, and no `except Exception` catches."""


def broken(*_args: object, **_options: object) -> Any:
    raise Fault("of ours")


@pytest.fixture
def raising_handler() -> Iterator[logging.Handler]:
    """A handler of a project's that raises, as none should."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise RuntimeError("the handler is broken")

    handler = Raising()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


FAULTS: dict[str, tuple[object, str]] = {
    "the connections": (runs, "tidy_connections"),
    "the output's end": (CappedText, "value"),
    "the streams": (Capture, "mend"),
    "what is described": (runs, "_failure"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_ours_around_a_job_is_the_outcome_of_its_run(
    fault: str,
    executor: ThreadPoolExecutor,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner, name = FAULTS[fault]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, broken)
        submit(executor, claimed(fail))
        assert executor.wait_until_idle(60)
    [outcome] = outcomes
    assert (outcome.execution_id, outcome.status) == (1, Status.FAILED)
    assert outcome.error.startswith("The scheduler could not carry out this run: ")
    assert "of ours" in outcome.traceback
    assert outcome.started_at
    assert outcome.finished_at
    submit(executor, claimed(int, first=2))
    assert executor.wait_until_idle(60)
    assert outcomes[1].status == Status.SUCCEEDED


class UnaskableError(Exception):
    """An error that can't even be asked for its cause."""

    @property
    def __cause__(self) -> BaseException:  # type: ignore[override]  # on purpose
        raise KeyboardInterrupt


def test_an_error_that_raises_when_it_is_asked_is_an_outcome(
    executor: ThreadPoolExecutor, outcomes: list[Outcome]
) -> None:
    def fail_oddly() -> None:
        raise UnaskableError

    submit(executor, claimed(fail_oddly))
    submit(executor, claimed(int, first=2))
    assert executor.wait_until_idle(10)
    wait_until(lambda: len(outcomes) == 2)
    assert [outcome.status for outcome in outcomes] == [Status.FAILED, Status.SUCCEEDED]
    assert outcomes[0].error == "UnaskableError, which can't be printed"


def test_what_goes_wrong_after_a_job_leaves_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_args: object) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr(runs, "leave_connections", stumble)
    with capturing():
        outcome = carry_out(run_of(lambda: print("done")), 1_000)
    assert outcome.status == Status.SUCCEEDED
    assert outcome.output.startswith("done\n")


@pytest.mark.parametrize("call", [int, fail])
@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_keeps_no_run_from_its_outcome(
    call: Callable[[], object],
    executor: ThreadPoolExecutor,
    outcomes: list[Outcome],
    scheduler: Scheduler,
) -> None:
    for number in range(3):
        submit(executor, claimed(call, first=number))
        assert executor.wait_until_idle(60)
    assert len(outcomes) == 3
    wait_until(lambda: (len(scheduler.events), scheduler.ended) == (3, 3))


@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_does_not_end_the_starter(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome]
) -> None:
    claims.errors = [RuntimeError("the table"), ConnectionError("the database")]
    claims.given_back = {1}
    submit(executor, claimed(int, job_id="given back", first=1))
    submit(executor, claimed(int, job_id="ours", first=2))
    wait_until(lambda: [each.execution_id for each in outcomes] == [2])
    assert executor.wait_until_idle(60)


def test_a_report_that_raises_ends_no_thread(
    scheduler: Scheduler, claims: Claims, outcomes: list[Outcome]
) -> None:
    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        raise RuntimeError("no report")

    executor = ThreadPoolExecutor(1, claims.begin, claims.put_off, report, 1_000)
    executor.start(scheduler, "default")
    try:
        submit(executor, claimed(int, int))
        assert executor.wait_until_idle(60)
    finally:
        executor.shutdown()
    assert len(outcomes) == 2
    wait_until(lambda: len(scheduler.events) == 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("raising_handler")
def test_a_log_handler_that_raises_does_not_end_the_recorder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execution = make_execution(status=Status.RUNNING)
    monkeypatch.setattr("countjobs.history.recorder.RETRY_SECONDS", 0.01)
    recorder = Recorder()
    write, failures = recorder._write, [RuntimeError("once"), ConnectionError("twice")]

    def write_later(batch: list[Outcome]) -> list[Outcome]:
        if failures:
            raise failures.pop()
        return write(batch)

    monkeypatch.setattr(recorder, "_write", write_later)
    recorder.start()
    recorder.put(Outcome(Status.SUCCEEDED, execution.pk))
    recorder.stop(timeout=60)
    execution.refresh_from_db()
    assert execution.status == Status.SUCCEEDED


def test_what_can_not_even_be_told_is_let_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_log(*_args: object) -> None:
        raise RuntimeError("nor logged")

    monkeypatch.setattr(lasting.logger, "exception", no_log)
    lasting.quietly(fail)
