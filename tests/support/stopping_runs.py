"""Runs that are asked to stop, and given up where they go on."""

from __future__ import annotations

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.at_work import AtWork
from countjobs.history.run_outcome import Outcome
from countjobs.models.executions import Status
from countjobs.run_context import Stop
from tests.support.executing import Gate

LATE = Stop(Status.TIMED_OUT, "It took too long.")
CANCEL = Stop(Status.CANCELLED, "Cancelled by ann.")


def at_work(executor: ThreadPoolExecutor, gate: Gate) -> AtWork:
    """The run that has reached a gate."""
    assert gate.reached.wait(60)
    (work,) = (each for each in executor.at_work() if each.run.call is gate)
    return work


def give_up(executor: ThreadPoolExecutor, work: AtWork, stop: Stop = LATE) -> None:
    executor.stop(work, stop)
    executor.insist(work)


def told(outcomes: list[Outcome]) -> list[tuple[int, Status, str]]:
    return [(each.execution_id, each.status, each.error) for each in outcomes]
