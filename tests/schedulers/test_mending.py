"""A scheduler's start: what is quick to mend is mended then, and nothing waits for the rest."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import OperationalError
from django_apscheduler.models import DjangoJob

from countjobs.jobstores import sync
from countjobs.models import CountJob, Execution
from countjobs.schedulers import create_scheduler, mending, upkeep
from countjobs.schedulers.mending import Mending
from tests.support.factories import make_definitions
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

Steps = Iterator[list[str]]


@pytest.fixture
def much(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is more to look at than can be looked at at once."""
    monkeypatch.setattr(mending, "AT_ONCE_SECONDS", -1)
    monkeypatch.setattr(mending, "RETRY_SECONDS", 0)
    monkeypatch.setattr(sync, "_BATCH", 1)


@pytest.fixture
def replace_steps(much: None, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do something else instead of mending: one thing the first time, another the second."""

    def replace(*ways: Callable[[], Steps]) -> None:
        left = iter(ways)
        monkeypatch.setattr(mending, "sync_steps", lambda clock: next(left)())

    return replace


def threads() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "countjobs-mending"]


def test_what_is_quick_is_done_when_the_start_returns() -> None:
    make_definitions(3)
    DjangoJob.objects.all().delete()
    Mending().begin()
    assert DjangoJob.objects.count() == 3
    assert not threads()


@pytest.mark.usefixtures("much")
def test_promise_03_what_is_more_is_mended_beside_the_loop(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_definitions(20)
    DjangoJob.objects.all().delete()
    with caplog.at_level(logging.INFO):
        Mending().begin()
        wait_until(lambda: not threads())
    assert DjangoJob.objects.filter(next_run_time__isnull=False).count() == 20
    assert len([line for line in caplog.messages if line.startswith("Mended the job store")]) == 20
    assert caplog.messages[-1].endswith("Rows of the job store mended: 20.")


def test_promise_04_what_is_due_runs_before_everything_is_mended(
    replace_steps: Callable[..., None],
) -> None:
    CountJob.objects.create(name="job", second="*", count=1)
    may_go_on = threading.Event()

    def wait() -> Steps:
        yield []
        may_go_on.wait()
        yield []

    replace_steps(wait)
    scheduler = create_scheduler(background=True)
    scheduler.start()
    try:
        wait_until(Execution.objects.filter(status="succeeded").exists)
        assert threads()
    finally:
        may_go_on.set()
        scheduler.shutdown()
    assert not threads()


def test_it_ends_with_the_scheduler(replace_steps: Callable[..., None]) -> None:
    def never_end() -> Steps:
        while True:
            yield []

    replace_steps(never_end)
    scheduler = create_scheduler(background=True)
    scheduler.start()
    assert threads()
    scheduler.shutdown()
    assert not threads()


def test_the_next_one_takes_the_place_of_one_that_goes_on(
    replace_steps: Callable[..., None],
) -> None:
    def never_end() -> Steps:
        while True:
            yield []

    replace_steps(never_end, never_end)
    both = Mending()
    both.begin()
    [first] = threads()
    both.begin()
    wait_until(lambda: not first.is_alive())
    assert threads()
    both.stop(10)
    assert not threads()


def test_promise_05_a_broken_connection_is_replaced_and_all_is_looked_at(
    replace_steps: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Steps:
        yield []
        raise OperationalError("gone")

    def succeed() -> Steps:
        yield ["one"]

    replace_steps(fail, succeed)
    with caplog.at_level(logging.INFO):
        Mending().begin()
        wait_until(lambda: not threads())
    assert caplog.messages.count("The job store can't be mended now, trying again: gone") == 1
    assert "Mended the job store: one" in caplog.messages


def test_a_fault_is_logged_and_disturbs_nobody(
    replace_steps: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Steps:
        yield []
        raise RuntimeError("a fault")

    replace_steps(fail)
    Mending().begin()
    wait_until(lambda: not threads())
    assert "The job store can't be mended." in caplog.messages
    assert "RuntimeError: a fault" in caplog.text


def test_a_scheduler_looks_again_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue 8, line 3."""
    monkeypatch.setattr(upkeep, "EVERY_SECONDS", 0.05)
    [definition] = make_definitions(1)
    scheduler = create_scheduler(background=True)
    scheduler.start()
    try:
        DjangoJob.objects.all().delete()
        wait_until(lambda: DjangoJob.objects.filter(id=definition.job_id).exists())
    finally:
        scheduler.shutdown()
    assert not [each for each in threading.enumerate() if each.name == "countjobs-upkeep"]
