"""A child that comes back from a job ends, whoever ran the job. Issue 8, line 6."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import NotSupportedError, connection, connections

from countjobs.executors import forks
from countjobs.executors.here import run_here
from countjobs.executors.runs import carry_out
from countjobs.executors.workers import Workers
from countjobs.models import CountJob, Execution
from countjobs.models.executions import Status
from tests.app import forking
from tests.support.executing import run_of
from tests.support.waiting import wait_until

pytestmark = [
    # Python 3.12 and newer warn of it where there are threads.
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return tmp_path / "notes"


def status_of_child() -> int:
    """The exit status of the child that was forked last."""
    _, status = os.wait()
    return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, 0),
        (SystemExit(), 0),
        (SystemExit(0), 0),
        (SystemExit(3), 3),
        (SystemExit(256 + 3), 3),
        (SystemExit("leaving"), 1),
        (KeyboardInterrupt(), 1),
        (ValueError("reason"), 1),
    ],
)
def test_a_child_leaves_as_python_would(error: BaseException | None, status: int) -> None:
    if not os.fork():
        forks.leave(error)
    assert status_of_child() == status


def test_a_child_leaves_where_its_terminal_is_gone() -> None:
    if not os.fork():
        sys.stdout.close()
        sys.__stderr__ = None  # type: ignore[misc]  # as in a daemon
        forks.leave(ValueError("reason"))
    assert status_of_child() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["return", "sys.exit(3)", "raise", "close first"])
def test_runjob_records_one_run(monkeypatch: pytest.MonkeyPatch, notes: Path, how: str) -> None:
    job = CountJob.objects.create(name="job")
    monkeypatch.setattr(CountJob, "run", lambda self: forking.fork(str(notes), how))
    assert run_here(job, requested_by="").status == Execution.Status.SUCCEEDED
    # The test's own transaction is not the child's, which is refused it: that is an error, too.
    status = 1 if how == "close first" else forking.ENDS[how][1]
    assert notes.read_text().splitlines() == [f"child {how}", f"parent {how} {status}"]
    assert Execution.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_child_has_no_connection_of_its_parent_s(notes: Path) -> None:
    def look() -> None:
        with connection.cursor():
            before = connections["default"].connection
        if os.fork():
            assert status_of_child() == 0
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
            assert connections["default"].connection is before
            return
        notes.write_text(str(connections["default"].connection))
        before.close()  # nothing of this reaches the server
        if connection.vendor == "sqlite":
            with pytest.raises(NotSupportedError, match="SQLite can't be used in a forked process"):
                connection.ensure_connection()
        else:
            connection.ensure_connection()
            assert connection.connection is not before

    outcome = carry_out(run_of(look), 10_000)
    assert (outcome.status, outcome.traceback) == (Status.SUCCEEDED, "")
    assert notes.read_text() == "None"


def test_a_fork_beside_no_run_changes_nothing() -> None:
    if not os.fork():
        os._exit(len(forks._kept))
    assert status_of_child() == 0


def _fork_and_wait() -> None:
    child = os.fork()
    if child:
        os.waitpid(child, 0)


def test_a_child_that_comes_back_to_a_thread_for_runs_works_nothing_off(notes: Path) -> None:
    """Not a job forked it, but who is told of its end: a listener."""

    def work(item: Callable[[], None]) -> None:
        item()
        forking.note(str(notes), "worked")

    def note() -> None:
        forking.note(str(notes), "next")

    workers = Workers(1, work, "test")
    workers.hand_over([_fork_and_wait, note])
    wait_until(lambda: notes.exists() and len(notes.read_text().splitlines()) == 4)
    workers.end()
    assert sorted(notes.read_text().splitlines()) == ["next", "worked", "worked", "worked"]
