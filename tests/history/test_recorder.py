"""The recorder: outcomes are written in batches, and survive what happens to the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import DataError, InternalError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from countjobs.database.rowsets import update_rows
from countjobs.history import follow_ups, lifecycle
from countjobs.history import recorder as module
from countjobs.history.recorder import Recorder, record
from countjobs.history.run_outcome import FollowUp, Outcome
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.factories import NOON, SECOND, make_execution
from tests.support.waiting import wait_until


def outcome(execution: Execution, output: str = "done\n", **values: Any) -> Outcome:
    values = {"started_at": NOON, "finished_at": NOON + SECOND, "output": output, **values}
    return Outcome(Status.SUCCEEDED, execution.pk, **values)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    recorder = Recorder()
    yield recorder
    if recorder.is_alive():
        recorder.stop(timeout=60)


@pytest.fixture
def outage(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, type[Exception]], list[int]]:
    """Let so many writes fail. Gives the sizes of the batches that were tried."""

    def begin(times: int, error: type[Exception] = OperationalError) -> list[int]:
        tried: list[int] = []

        def write(model: Any, rows: list[Any], where: str) -> list[Any]:
            tried.append(len(rows))
            if len(tried) <= times:
                raise error("away")
            return update_rows(model, rows, where)

        monkeypatch.setattr(lifecycle, "update_rows", write)
        return tried

    return begin


class Untimed(threading.Event):
    """An event that nobody waits for: it notes how long they would have."""

    def __init__(self, noted: list[float]) -> None:
        super().__init__()
        self._noted = noted

    def wait(self, timeout: float | None = None) -> bool:
        assert self.is_set() or timeout is not None, "it would wait for ever"
        if not self.is_set():
            self._noted.append(timeout or 0)
        return self.is_set()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 10, 200])
def test_a_batch_of_outcomes_is_two_statements(count: int) -> None:
    executions = [make_execution(Status.RUNNING) for _ in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        record([outcome(execution) for execution in executions])
    assert len(queries) == 2, "which jobs fail, and the outcomes"
    assert Execution.objects.filter(status=Status.SUCCEEDED).count() == count


@pytest.mark.django_db
def test_promise_22_lateness_and_duration_are_two_figures_of_a_recorded_run() -> None:
    execution = make_execution(Status.RUNNING)
    record([outcome(execution, started_at=NOON + 2 * SECOND, finished_at=NOON + 5 * SECOND)])
    execution.refresh_from_db()
    assert (execution.lateness, execution.duration) == (2 * SECOND, 3 * SECOND)
    assert execution.output == "done\n"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Status.LOST, Status.CANCELLED, Status.FAILED])
def test_what_another_has_settled_is_not_written_over(status: Status) -> None:
    execution = make_execution(status, error="settled", finished_at=NOON)
    record([outcome(execution)])
    execution.refresh_from_db()
    assert (execution.status, execution.error, execution.output) == (status, "settled", "")


@pytest.mark.django_db(transaction=True)
def test_outcomes_are_written_soon_and_the_rest_when_it_stops(recorder: Recorder) -> None:
    first, second = make_execution(Status.RUNNING), make_execution(Status.RUNNING)
    recorder.start()
    recorder.put(outcome(first))
    wait_until(lambda: Execution.objects.filter(status=Status.SUCCEEDED).exists())
    recorder.put(outcome(second))
    recorder.stop(timeout=60)
    assert not recorder.is_alive()
    assert Execution.objects.filter(status=Status.SUCCEEDED).count() == 2


def test_of_the_100_ms_until_an_outcome_is_recorded_it_waits_for_half(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    written: list[tuple[int, float]] = []
    for name in ("_something", "_stopping", "_given_up"):
        monkeypatch.setattr(recorder, name, Untimed(waits))

    def write(model: Any, rows: list[dict[str, Any]], where: str) -> list[int]:
        written.append((len(rows), sum(waits)))
        waits.clear()
        if len(written) == 1:  # they end while others are being written
            recorder.put(Outcome(Status.SUCCEEDED, 2))
            recorder.put(Outcome(Status.FAILED, 3))
        else:
            recorder._stopping.set()
            recorder._something.set()
        return []

    monkeypatch.setattr(lifecycle, "update_rows", write)
    monkeypatch.setattr(module, "_may_follow", lambda outcomes: False)
    recorder.put(Outcome(Status.SUCCEEDED, 1))
    recorder.run()
    assert written == [(1, 0.05), (2, 0.05)]


@pytest.mark.django_db(transaction=True)
def test_what_was_put_before_the_start_is_one_batch(
    recorder: Recorder, outage: Callable[..., list[int]]
) -> None:
    tried = outage(0)
    for _ in range(30):
        recorder.put(outcome(make_execution(Status.RUNNING)))
    recorder.start()
    recorder.stop(timeout=60)
    assert tried == [30]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [OperationalError, InternalError])
def test_promise_05_outcomes_wait_through_an_outage_and_are_then_written(
    recorder: Recorder,
    outage: Callable[..., list[int]],
    error: type[Exception],
    caplog: pytest.LogCaptureFixture,
) -> None:
    tried = outage(3, error)
    executions = [make_execution(Status.RUNNING) for _ in range(2)]
    recorder.put(outcome(executions[0], "first"))
    recorder.start()
    wait_until(lambda: len(tried) >= 2)
    recorder.put(outcome(executions[1], "second"))
    wait_until(lambda: Execution.objects.filter(status=Status.SUCCEEDED).count() == 2)
    outputs = Execution.objects.order_by("pk").values_list("output", flat=True)
    assert list(outputs) == ["first", "second"]
    assert "The database reports an error; 1 outcome can't be written yet: away" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_outcome_that_no_database_takes_keeps_no_other_from_being_written(
    recorder: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    executions = [make_execution(Status.RUNNING) for _ in range(3)]
    recorder.put(outcome(executions[0]))
    recorder.put(outcome(executions[1], finished_at=object()))
    recorder.put(outcome(executions[2]))
    recorder.start()
    recorder.stop(timeout=60)
    assert not recorder.is_alive()
    for execution in (executions[0], executions[2]):
        execution.refresh_from_db()
        assert execution.status == Status.SUCCEEDED
    assert "An outcome can't be recorded at all." in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_outcome_is_recorded_even_if_nobody_can_say_what_follows(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_job_ids: Any) -> None:
        raise TypeError("a fault of ours")

    monkeypatch.setattr(follow_ups, "rules_of", fail)
    run = make_execution(Status.RUNNING)
    follow_up = FollowUp(run.job_id, 1)
    recorder.put(replace(outcome(run), status=Status.FAILED, follow_up=follow_up))
    recorder.start()
    recorder.stop(timeout=60)
    run.refresh_from_db()
    assert (run.status, run.output) == (Status.FAILED, "done\n")
    assert "What follows a run that failed can't be queued." in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_outcome_whose_output_is_refused_is_recorded_without_it(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:

    def write(model: Any, rows: list[dict[str, Any]], where: str) -> list[Any]:
        if any(row["output"] == "poison" for row in rows):
            raise DataError("poison")
        return update_rows(model, rows, where)

    monkeypatch.setattr(lifecycle, "update_rows", write)
    poisoned, sound = make_execution(Status.RUNNING), make_execution(Status.RUNNING)
    recorder.put(outcome(poisoned, "poison"))
    recorder.put(outcome(sound))
    recorder.start()
    recorder.stop(timeout=60)
    poisoned.refresh_from_db()
    sound.refresh_from_db()
    assert (poisoned.status, poisoned.output) == (Status.SUCCEEDED, "")
    assert poisoned.error == "The outcome could not be recorded: DataError"
    assert (sound.status, sound.output) == (Status.SUCCEEDED, "done\n")


@pytest.mark.django_db(transaction=True)
def test_an_outage_while_it_looks_for_poison_loses_nothing(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    fates: list[Exception | None] = [DataError("one is poison"), None, OperationalError("away")]

    def write(*args: Any) -> list[Any]:
        fate = fates.pop(0) if fates else None
        if fate is not None:
            raise fate
        return update_rows(*args)

    monkeypatch.setattr(lifecycle, "update_rows", write)
    for _ in range(3):
        recorder.put(outcome(make_execution(Status.RUNNING)))
    recorder.start()
    recorder.stop(timeout=60)
    assert list(Execution.objects.values_list("status", "output").distinct()) == [
        (Status.SUCCEEDED, "done\n")
    ]


@pytest.mark.django_db(transaction=True)
def test_stopping_while_the_database_is_away_gives_up_in_time_and_says_so(
    recorder: Recorder, outage: Callable[..., list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    outage(1_000_000)
    recorder.put(outcome(make_execution(Status.RUNNING)))
    recorder.start()
    recorder.stop(timeout=0.1)
    wait_until(lambda: not recorder.is_alive())
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == ["Outcomes that could not be recorded: 1."]
