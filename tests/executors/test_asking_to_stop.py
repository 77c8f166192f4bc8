"""Runs in threads that are asked to stop: they see it when they look, and end as asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.output import capturing
from countjobs.history.run_outcome import Outcome
from countjobs.models.executions import Status
from countjobs.run_context import Stop, StopRun, current_run
from tests.support.executing import Gate, claimed, submit
from tests.support.stopping_runs import CANCEL, LATE, at_work, told


@pytest.fixture(autouse=True)
def _output_is_kept() -> Iterator[None]:
    with capturing():
        yield


def test_a_run_sees_that_it_is_to_stop_and_ends_as_the_reason_says(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    def job() -> None:
        print("so far")
        gate()
        run = current_run()
        assert run is not None
        assert run.should_stop
        run.check()
        print("never")

    submit(executor, claimed(job))
    assert gate.reached.wait(60)
    (work,) = executor.at_work()
    executor.stop(work, LATE)
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert told(outcomes) == [(1, Status.TIMED_OUT, "It took too long.")]
    assert outcomes[0].output == "so far\n"
    assert (executor.at_work(), executor.given_up) == ([], 0)


@pytest.mark.parametrize(
    ("stop", "expected"),
    [(CANCEL, Status.SUCCEEDED), (LATE, Status.TIMED_OUT)],
)
def test_a_run_that_ends_well_although_it_was_to_stop(
    stop: Stop, expected: Status, executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    submit(executor, claimed(gate))
    executor.stop(at_work(executor, gate), stop)
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [expected]


def test_what_a_job_raises_of_its_own_when_it_is_to_stop_is_told_too(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    def job() -> None:
        gate()
        raise ValueError("half done")

    submit(executor, claimed(job))
    assert gate.reached.wait(60)
    executor.stop(executor.at_work()[0], CANCEL)
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert told(outcomes) == [(1, Status.CANCELLED, "Cancelled by ann. ValueError: half done")]


def test_a_run_that_nobody_asked_to_stop_is_not_given_up(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    submit(executor, claimed(gate))
    executor.insist(at_work(executor, gate))
    assert (outcomes, executor.given_up) == ([], 0)
    gate.open.set()
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [Status.SUCCEEDED]


def test_a_run_that_raises_stop_run_unasked_has_failed(
    executor: ThreadPoolExecutor, outcomes: list[Outcome]
) -> None:
    def job() -> None:
        raise StopRun("out of the blue")

    submit(executor, claimed(job))
    assert executor.wait_until_idle(60)
    assert [each.status for each in outcomes] == [Status.FAILED]
