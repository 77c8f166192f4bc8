"""Issue 8, line 28: the threads that a scheduler lives on outlast whatever is raised in them.

Line 27: and none of them calls what is not there yet.
"""

from __future__ import annotations

import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from countjobs import lasting
from countjobs.executors.live_output import Growing
from countjobs.executors.threads import ThreadPoolExecutor
from countjobs.executors.workers import Workers
from countjobs.history.recorder import Recorder
from countjobs.history.run_outcome import Outcome
from countjobs.lasting import go_on_until
from countjobs.management import streams
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.schedulers import create_scheduler
from countjobs.schedulers.listeners import ChangeListener
from tests.support.executing import Claims, claimed, submit
from tests.support.factories import make_execution
from tests.support.waiting import wait_until


def _call(work: Callable[[], object]) -> None:
    work()


class OddError(Exception):
    """What nobody has thought of."""


@pytest.fixture(autouse=True)
def _short_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lasting, "REST_SECONDS", 0.01)


def once_odd(function: Callable[..., Any]) -> Callable[..., Any]:
    """Raises when it is called for the first time."""
    calls: list[None] = []

    def odd(*args: Any, **kwargs: Any) -> Any:
        calls.append(None)
        if len(calls) == 1:
            raise OddError
        return function(*args, **kwargs)

    return odd


@contextmanager
def logged(caplog: pytest.LogCaptureFixture, words: str) -> Iterator[None]:
    """Inside, an error is logged, with its traceback."""
    with caplog.at_level(logging.ERROR):
        yield
        wait_until(lambda: words in caplog.text, what=lambda: f"for {words}:\n{caplog.text}")
    assert "OddError" in caplog.text


def test_a_step_that_raises_is_logged_and_the_next_one_is_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[int] = []
    step = once_odd(lambda: done.append(1))
    with logged(caplog, "What it does failed, trying again"):
        go_on_until(lambda: bool(done), step, "What it does")


def test_the_watch_of_the_workers(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a run behind a long one would never get a thread."""
    monkeypatch.setattr(time, "process_time", once_odd(lambda: 0.0))
    gate, passed = threading.Event(), threading.Event()
    workers: Workers[Callable[[], object]] = Workers(2, _call, "tests-worker")
    with logged(caplog, "The watch over the threads failed, trying again"):
        workers.hand_over([lambda: gate.wait(60), passed.set])
        assert passed.wait(60)
    gate.set()
    workers.end()


def test_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()
    workers: Workers[Callable[[], object]] = Workers(1, _call, "tests-worker")
    with logged(caplog, "failed; it continues"):
        workers.hand_over([once_odd(list), done.set])
        assert done.wait(60)
    workers.end()


def test_the_starter(
    executor: ThreadPoolExecutor,
    claims: Claims,
    outcomes: list[Outcome],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(executor._backlog, "take", once_odd(executor._backlog.take))
    submit(executor, claimed(list, first=1))
    wait_until(lambda: len(outcomes) == 1)
    with logged(caplog, "The starter of runs failed, trying again"):
        submit(executor, claimed(list, first=2))
        wait_until(lambda: len(outcomes) == 2)


@pytest.mark.django_db(transaction=True)
def test_the_recorder(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = make_execution(Status.RUNNING)
    recorder = Recorder()
    monkeypatch.setattr(recorder, "_write", once_odd(recorder._write))
    recorder.start()
    with logged(caplog, "The recorder failed, trying again"):
        recorder.put(Outcome(Status.SUCCEEDED, execution.pk))
        wait_until(Execution.objects.filter(status=Status.SUCCEEDED).exists)
    recorder.stop(10)
    assert not recorder.is_alive()


@pytest.mark.django_db(transaction=True)
def test_the_recorder_in_its_last_step(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is written, and no other word comes to a thread that waits for one."""
    execution = make_execution(Status.RUNNING)
    recorder = Recorder()
    monkeypatch.setattr(recorder.outage, "is_over", once_odd(recorder.outage.is_over))
    recorder.put(Outcome(Status.SUCCEEDED, execution.pk))
    recorder._stopping.set()
    with logged(caplog, "The recorder failed, trying again"):
        recorder.start()
    recorder.join(60)
    assert not recorder.is_alive()


@pytest.mark.django_db(transaction=True)
def test_what_shows_progress(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Event()
    growing = Growing("node")
    growing._rest = 0.01
    monkeypatch.setattr(growing, "_look_safely", once_odd(looked.set))
    with logged(caplog, "Progress failed, trying again"):
        growing.start()
        assert looked.wait(60)
    growing.stop(10)
    assert not growing.is_alive()


@pytest.mark.django_db(transaction=True)
def test_the_listener(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    woken = threading.Event()
    listener = ChangeListener(once_odd(woken.set))
    for name in ("_watch_file", "_hear_notifications"):
        monkeypatch.setattr(listener, name, lambda: listener._stopping.wait(0.01))
    with logged(caplog, "The listener for changes failed, trying again"):
        listener.start()
        assert woken.wait(30)
    listener.stop(10)
    assert not listener.is_alive()


def test_what_writes_the_output(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    monkeypatch.setattr(streams._Batch, "write_all", once_odd(streams._Batch.write_all))
    with streams.batched_streams(), logged(caplog, "The output failed, trying again"):
        print("one")
        wait_until(lambda: "failed, trying again" in caplog.text)
        print("two")
        wait_until(lambda: written.getvalue() == "one\ntwo\n")


# Line 27


@pytest.mark.django_db(transaction=True)
def test_line_27_the_listener_begins_when_the_loop_can_be_woken(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler = create_scheduler(background=True)
    could_be_woken: list[bool] = []
    start = scheduler.listener.start

    def note_and_start() -> None:
        could_be_woken.append(scheduler._event is not None)
        start()

    monkeypatch.setattr(scheduler.listener, "start", note_and_start)
    scheduler.start()
    try:
        wait_until(lambda: could_be_woken)
    finally:
        scheduler.shutdown()
    assert could_be_woken == [True]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
