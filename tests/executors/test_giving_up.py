"""Runs in threads that go on although they are to stop: they are given up, and replaced."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from apscheduler.events import EVENT_JOB_ERROR

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.at_work import AtWork
from countjobs.executors.output import capturing
from countjobs.executors.side_by_side import Executors
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models.executions import Status
from tests.support.executing import Claims, Gate, Scheduler, claimed, submit
from tests.support.stopping_runs import CANCEL, LATE, at_work, give_up, told
from tests.support.waiting import wait_until

GOES_ON = (
    "It did not stop, so it was given up: a thread can't be stopped from outside. Its job may"
    " go on, but what it does now is not recorded."
)


@pytest.fixture(autouse=True)
def _output_is_kept() -> Iterator[None]:
    with capturing():
        yield


@pytest.fixture
def gates() -> Iterator[list[Gate]]:
    gates = [Gate() for _ in range(4)]
    yield gates
    for gate in gates:
        gate.open.set()


def test_a_run_that_is_given_up_is_recorded_once_with_its_output_so_far(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], scheduler: Scheduler, gate: Gate
) -> None:
    def job() -> None:
        print("so far")
        gate()
        print("later")

    submit(executor, claimed(job))
    assert gate.reached.wait(60)
    (work,) = executor.at_work()
    give_up(executor, work)
    assert told(outcomes) == [(1, Status.TIMED_OUT, f"It took too long. {GOES_ON}")]
    assert outcomes[0].output == "so far\n"
    assert outcomes[0].started_at is not None
    assert outcomes[0].finished_at is not None
    assert outcomes[0].started_at < outcomes[0].finished_at
    assert [event.code for event in scheduler.events] == [EVENT_JOB_ERROR]
    executor.insist(work)
    gate.open.set()
    wait_until(lambda: executor.given_up == 0)
    assert len(outcomes) == 1
    assert len(scheduler.events) == 1


def test_its_place_is_taken_by_another_thread_and_capacity_is_back(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gates: list[Gate], scheduler: Scheduler
) -> None:
    for number, gate in enumerate(gates[:2], 1):
        submit(executor, claimed(gate, job_id=str(number), first=number))
    works = [at_work(executor, gate) for gate in gates[:2]]
    assert executor.free == 0
    for work in works:
        give_up(executor, work)
    assert (executor.given_up, executor.busy(), executor.in_flight()) == (2, {}, set())
    assert executor.free >= 2
    assert executor.wait_until_idle(0)
    assert scheduler.ended == 2
    together = threading.Barrier(2, timeout=60)
    submit(executor, claimed(together.wait, job_id="a", first=3))
    submit(executor, claimed(together.wait, job_id="b", first=4))
    assert executor.wait_until_idle(60)
    assert {each.execution_id for each in outcomes[2:]} == {3, 4}


def test_jobs_that_waited_for_its_thread_begin(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gates: list[Gate]
) -> None:
    for number, gate in enumerate(gates[:2], 1):
        submit(executor, claimed(gate, job_id=str(number), first=number))
    works = [at_work(executor, gate) for gate in gates[:2]]
    submit(executor, claimed(int, job_id="waits", first=3))
    give_up(executor, works[0])
    wait_until(lambda: len(outcomes) == 2)
    assert [each.execution_id for each in outcomes] == [1, 3]


def test_given_up_goes_back_when_they_end_after_all_and_more_threads_than_wanted_end(
    executor: ThreadPoolExecutor, gates: list[Gate], caplog: pytest.LogCaptureFixture
) -> None:
    for round_ in range(3):
        submit(executor, claimed(gates[round_], job_id=str(round_), first=round_ + 1))
        give_up(executor, at_work(executor, gates[round_]))
    executors = Executors({"default": executor})
    assert (executor.given_up, executors.given_up, executors.is_worn_out) == (3, 3, True)
    gates[1].open.set()
    wait_until(lambda: executor.given_up == 2)
    assert executors.is_worn_out
    gates[0].open.set()
    gates[2].open.set()
    wait_until(lambda: executor.given_up == 0 and not executors.is_worn_out)
    assert caplog.text.count("that had been given up ended after") == 3
    together = threading.Barrier(2, timeout=60)
    for number in (8, 9):
        submit(executor, claimed(together.wait, job_id=str(number), first=number))
    assert executor.wait_until_idle(60)


def test_the_next_run_of_a_catch_up_begins_when_the_first_one_is_given_up(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], claims: Claims, gate: Gate
) -> None:
    done: list[str] = []
    submit(executor, claimed(gate, *[partial(done.append, name) for name in "ab"]))
    give_up(executor, at_work(executor, gate), CANCEL)
    assert executor.wait_until_idle(60)
    assert done == ["a", "b"]
    assert [(each.execution_id, each.status) for each in outcomes] == [
        (1, Status.CANCELLED),
        (2, Status.SUCCEEDED),
        (3, Status.SUCCEEDED),
    ]
    assert claims.batches == [[1], [2], [3]]
    gate.open.set()
    wait_until(lambda: executor.given_up == 0)
    assert len(outcomes) == 3
    assert executor.in_flight() == set()


def test_what_follows_its_end_is_looked_at_as_with_any_run(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    job = claimed(gate)
    job.runs[0].has_rules, job.runs[0].attempt = True, 3
    submit(executor, job)
    give_up(executor, at_work(executor, gate))
    assert outcomes[0].follow_up == FollowUp("code", 3)


def test_a_drain_does_not_wait_for_what_was_given_up(
    executor: ThreadPoolExecutor, gate: Gate
) -> None:
    submit(executor, claimed(gate))
    give_up(executor, at_work(executor, gate))
    executor.begin_nothing_more()
    assert executor.wait_until_idle(0)
    executor.shutdown()


# Its end and the giving up, at the same time


def assert_is_sound(executor: ThreadPoolExecutor, outcomes: list[Outcome]) -> None:
    """All threads work, nothing was counted twice, and nobody is left as given up."""
    wait_until(lambda: executor.given_up == 0)
    assert executor.wait_until_idle(60)
    assert executor.free >= 2
    known = len(outcomes)
    for round_ in range(3):
        together = threading.Barrier(2, timeout=60)
        for number in (1, 2):
            first = 100 + 10 * round_ + number
            submit(executor, claimed(together.wait, job_id=str(number), first=first))
        assert executor.wait_until_idle(60)
    assert len(outcomes) == known + 6
    assert (executor.busy(), executor.in_flight(), executor.given_up) == ({}, set(), 0)
    assert executor._backlog._begun == 0


def test_a_run_that_ends_first_is_not_given_up(
    executor: ThreadPoolExecutor, outcomes: list[Outcome], gate: Gate
) -> None:
    submit(executor, claimed(gate))
    work = at_work(executor, gate)
    executor.stop(work, LATE)
    gate.open.set()
    assert executor.wait_until_idle(60)
    executor.insist(work)
    assert told(outcomes) == [(1, Status.TIMED_OUT, "It took too long.")]
    assert_is_sound(executor, outcomes)


class AtWorkNow(dict[int, AtWork]):
    """The runs at work; it calls somebody when the watch has taken one out."""

    def __init__(self, known: dict[int, AtWork], then: Callable[[], object]) -> None:
        super().__init__(known)
        self._then = then
        self._watch = threading.get_ident()
        self.asked = threading.Event()

    def pop(self, key: int, default: Any = None) -> Any:
        found = super().pop(key, default)
        if threading.get_ident() == self._watch:
            self._then()
        else:
            self.asked.set()
        return found


@pytest.mark.parametrize("moment", ["taken out", "recorded", "replaced"])
def test_a_run_that_ends_in_the_midst_of_the_giving_up_is_counted_once(
    moment: str,
    executor: ThreadPoolExecutor,
    outcomes: list[Outcome],
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    submit(executor, claimed(gate))
    work = at_work(executor, gate)

    def let_it_end() -> None:
        """Let its thread go as far as it can: until it rests or ends, or waits for the watch."""
        gate.open.set()
        assert at_work_now.asked.wait(60)
        with suppress(AssertionError):
            wait_until(lambda: executor.given_up == 0 and executor._workers._resting, 0.2)

    def scheduler_ended() -> int:
        return int(executor._scheduler.ended)

    def let_it_end_at(now: str) -> None:
        if now == moment:
            let_it_end()

    def report(outcome: Outcome) -> None:
        outcomes.append(outcome)
        let_it_end_at("recorded")

    def replace(ident: int) -> None:
        abandon(ident)
        let_it_end_at("replaced")

    at_work_now = AtWorkNow(executor._at_work, lambda: let_it_end_at("taken out"))
    executor._at_work = at_work_now
    abandon = executor._workers.abandon
    monkeypatch.setattr(executor, "_report", report)
    monkeypatch.setattr(executor._workers, "abandon", replace)
    give_up(executor, work)
    monkeypatch.undo()
    wait_until(lambda: executor.given_up == 0)
    assert told(outcomes) == [(1, Status.TIMED_OUT, f"It took too long. {GOES_ON}")]
    assert scheduler_ended() == 1
    monkeypatch.setattr(executor, "_report", outcomes.append)
    assert_is_sound(executor, outcomes)
    assert not executor._workers._abandoned
