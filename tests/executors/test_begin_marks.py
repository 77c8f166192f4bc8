"""Runs are marked as begun before they begin, and put off where they can't."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from django.db import OperationalError

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors import threads as module
from countjobs.executors.backlog import Backlog
from countjobs.history.run_outcome import Outcome
from countjobs.jobstores.claimed import ClaimedJob
from tests.support.executing import Call, Claims, Gate, Scheduler, claimed, fail, submit
from tests.support.waiting import wait_until


def test_a_run_is_marked_before_it_begins(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome]
) -> None:
    seen: list[list[list[int]]] = []
    submit(executor, claimed(lambda: seen.append(list(claims.batches))))
    assert executor.wait_until_idle(60)
    assert seen == [[[1]]]


def test_promise_09_a_run_that_was_given_back_meanwhile_is_not_started(
    executor: ThreadPoolExecutor, scheduler: Scheduler, claims: Claims, outcomes: list[Outcome]
) -> None:
    claims.given_back = {1}
    submit(executor, claimed(int))
    assert executor.wait_until_idle(60)
    wait_until(lambda: scheduler.ended == 1)
    assert (outcomes, executor.in_flight()) == ([], set())


class Clock:
    """The executor's clock, moved on at will."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monotonic = time.monotonic
        ahead = SimpleNamespace(monotonic=lambda: monotonic() + self.seconds)
        monkeypatch.setattr(module, "time", ahead)


@pytest.fixture
def marks_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if runs had lately been so short that one more than there are threads may be marked."""
    monkeypatch.setattr(Backlog, "_ended_within", lambda _self, _seconds: 1)
    monkeypatch.setattr(module, "PUT_OFF_SECONDS", 0.01)


def submit_each(executor: ThreadPoolExecutor, *calls: Call) -> None:
    """A run of a job of its own for each, numbered from 1 on."""
    for number, call in enumerate(calls, start=1):
        submit(executor, claimed(call, job_id=str(number), first=number))


def assert_all_end(executor: ThreadPoolExecutor, outcomes: list[Outcome], *gates: Gate) -> None:
    """Three runs end, two of them at gates that are opened now."""
    for gate in gates:
        gate.open.set()
    assert executor.wait_until_idle(60)
    assert sorted(each.execution_id for each in outcomes) == [1, 2, 3]


@pytest.mark.usefixtures("marks_ahead")
def test_a_run_that_is_marked_and_finds_no_thread_is_marked_as_waiting_again(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome], gate: Gate
) -> None:
    other = Gate()
    submit_each(executor, gate, other, int)
    # The second, too, where its thread is slow to come.
    wait_until(lambda: claims.batches_put_off[-1:] == [[3]])
    assert_all_end(executor, outcomes, gate, other)


def test_promise_04_a_thread_that_the_system_does_not_give_is_asked_for_again(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    start, is_refused = threading.Thread.start, threading.Event()

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("countjobs-run") and not is_refused.is_set():
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    submit_each(executor, int, int)
    wait_until(lambda: len(claims.batches_put_off) > 1)
    assert "A thread for runs could not be started: can't start new thread" in caplog.text
    is_refused.set()
    assert executor.wait_until_idle(60)
    assert sorted(each.execution_id for each in outcomes) == [1, 2]


@pytest.mark.usefixtures("marks_ahead")
def test_promise_05_marks_that_the_database_did_not_take_back_are_asked_for_anew(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome], gate: Gate
) -> None:
    other = Gate()
    claims.put_off_errors = [OperationalError("away")]
    submit_each(executor, gate, other, int)
    wait_until(lambda: len(claims.batches_put_off) > 1)
    assert_all_end(executor, outcomes, gate, other)


def test_promise_09_a_run_is_not_started_that_was_given_away_after_it_was_marked(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executor, "_forgotten_seconds", -1)  # frozen for long, as it seems
    claims.most_batches = 3
    submit(executor, claimed(fail))
    assert executor.wait_until_idle(60)
    assert (claims.batches, outcomes) == ([[1]] * 4, [])


def test_promise_09_a_run_that_was_given_away_while_its_mark_was_on_its_way_is_not_started(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Issue 8, line 13: the mark was made, and the answer came when the run was settled as lost."""
    clock = Clock(monkeypatch)
    begin = claims.begin

    def begin_and_freeze(execution_ids: list[int]) -> list[int]:
        ours = begin(execution_ids)
        claims.given_back = {1}
        clock.seconds += 20
        return ours

    monkeypatch.setattr(executor, "_begin", begin_and_freeze)
    submit(executor, claimed(fail))
    assert executor.wait_until_idle(60)
    assert (claims.batches, outcomes) == ([[1], [1]], [])


def test_a_mark_that_takes_a_while_is_believed(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A slow database is no reason to ask again, and again: nobody takes us for dead so soon."""
    clock = Clock(monkeypatch)
    begin = claims.begin

    def begin_slowly(execution_ids: list[int]) -> list[int]:
        clock.seconds += 4
        return begin(execution_ids)

    monkeypatch.setattr(executor, "_begin", begin_slowly)
    submit(executor, claimed(int))
    assert executor.wait_until_idle(60)
    assert claims.batches == [[1]]
    assert [each.execution_id for each in outcomes] == [1]


def test_of_a_run_that_is_gone_the_log_says_no_more_than_is_known(
    executor: ThreadPoolExecutor, claims: Claims, caplog: pytest.LogCaptureFixture
) -> None:
    claims.most_batches = 0
    submit(executor, claimed(fail))
    assert executor.wait_until_idle(60)
    said = (
        'A run of "code" is not started here: it was cancelled, or another scheduler '
        "has taken it over"
    )
    assert said in [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("error", [OperationalError("away"), RuntimeError("a fault of ours")])
def test_promise_05_runs_wait_for_a_database_that_is_away(
    executor: ThreadPoolExecutor, claims: Claims, outcomes: list[Outcome], error: Exception
) -> None:
    claims.errors = [error, error]
    submit(executor, claimed(int))
    assert executor.wait_until_idle(60)
    assert [each.execution_id for each in outcomes] == [1]
    assert claims.batches == [[1], [1], [1]]


@pytest.mark.usefixtures("marks_ahead")
def test_promise_23_what_is_marked_and_has_no_thread_is_handed_on_when_it_closes(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PUT_OFF_SECONDS", 100)
    other = Gate()
    submit_each(executor, gate, other, fail)
    assert gate.reached.wait(60)
    assert other.reached.wait(60)
    wait_until(lambda: [each for batch in claims.batches for each in batch] == [1, 2, 3])
    executor.begin_nothing_more()
    wait_until(lambda: claims.batches_put_off == [[3]])
    gate.open.set()
    other.open.set()
    assert executor.wait_until_idle(60)
    assert sorted(each.execution_id for each in outcomes) == [1, 2]


def test_what_is_put_back_is_begun_again_by_a_starter_that_waits() -> None:
    """A thread found its mark too old: whoever waits for something to begin must know."""
    backlog, taken = Backlog(1), list[ClaimedJob]()
    job = claimed(int)
    backlog.add(job)
    assert backlog.take() == [job]
    starter = threading.Thread(target=lambda: taken.extend(backlog.take(10)), daemon=True)
    starter.start()
    wait_until(lambda: backlog._changed._waiters)  # type: ignore[attr-defined]  # it waits
    began = time.monotonic()
    backlog.put_back([job])
    starter.join(60)
    assert taken == [job]
    assert time.monotonic() - began < 5
