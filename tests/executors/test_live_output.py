"""What long runs have said so far is written while they go on: theirs, and no more often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from countjobs.capped import CappedText
from countjobs.executors import live_output as module
from countjobs.executors.live_output import Growing
from countjobs.history import output_so_far as growth
from countjobs.history.recorder import record
from countjobs.history.run_outcome import Outcome
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.run_context import GOING, RunContext
from tests.app.models import Gate
from tests.support.executing import run_of
from tests.support.factories import make_execution
from tests.support.scheduling import running
from tests.support.waiting import wait_until

NODE = "here:1:1"

pytestmark = pytest.mark.django_db


class Runs:
    """Runs that go on, without a thread, until the test is over."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def begin(self, **fields: object) -> Execution:
        execution = make_execution(Status.RUNNING, **{"node": NODE, **fields})
        self._stack.enter_context(RunContext(run_of(int, execution.pk), CappedText(1_000)))
        return execution


@pytest.fixture
def runs() -> Iterator[Runs]:
    with ExitStack() as stack:
        yield Runs(stack)


def say(execution: Execution, text: str, *progress: int) -> None:
    run = GOING[execution.pk]
    assert run.output is not None
    run.output.write(text)
    if progress:
        run.told = (progress[0], progress[1])


def shown(execution: Execution) -> tuple[str, int | None, int | None]:
    execution.refresh_from_db()
    return execution.output, execution.progress_done, execution.progress_total


def test_what_a_run_has_said_is_written_at_the_second_look_that_sees_it(runs: Runs) -> None:
    growing = Growing(NODE)
    execution = runs.begin()
    say(execution, "one\n", 1, 3)
    assert growing.look() == 0
    assert shown(execution) == ("", None, None)
    assert growing.look() == 1
    assert shown(execution) == ("one\n", 1, 3)
    say(execution, "two\n", 2, 3)
    assert growing.look() == 1
    assert shown(execution) == ("one\ntwo\n", 2, 3)


@pytest.mark.parametrize("count", [1, 10, 50])
def test_the_growth_of_many_runs_is_one_statement(count: int, runs: Runs) -> None:
    growing = Growing(NODE)
    for _ in range(count):
        say(runs.begin(), "said\n")
    growing.look()
    with CaptureQueriesContext(connection) as queries:
        assert growing.look() == count
    assert len(queries) == 1


def test_nothing_is_asked_of_the_database_while_no_run_is_long(runs: Runs) -> None:
    growing = Growing(NODE)
    growing.look()
    runs.begin()
    with CaptureQueriesContext(connection) as queries:
        growing.look()
    assert len(queries) == 0


def test_nothing_is_written_where_nothing_is_new(runs: Runs) -> None:
    growing = Growing(NODE)
    say(runs.begin(), "said\n")
    growing.look()
    assert growing.look() == 1
    with CaptureQueriesContext(connection) as queries:
        assert growing.look() == 0
    assert len(queries) == 0


def test_a_run_that_has_ended_meanwhile_is_not_written_over(runs: Runs) -> None:
    growing = Growing(NODE)
    execution = runs.begin()
    say(execution, "half\n", 1, 2)
    growing.look()
    record([Outcome(Status.SUCCEEDED, execution.pk, output="all of it\n")])
    assert growing.look() == 0
    assert shown(execution) == ("all of it\n", None, None)


def test_a_run_that_was_given_to_another_scheduler_is_not_written_over(runs: Runs) -> None:
    growing = Growing(NODE)
    execution = runs.begin()
    say(execution, "ours\n", 1, 2)
    growing.look()
    Execution.objects.update(node="there:2:2", output="theirs\n")
    assert growing.look() == 0
    assert shown(execution) == ("theirs\n", None, None)


def test_an_outage_is_survived_and_what_was_said_meanwhile_comes_with_the_next_look(
    runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = Growing(NODE)
    execution = runs.begin()
    say(execution, "said\n")
    growing.look()

    def away(*args: object, **kwargs: object) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patch:
        patch.setattr(growth, "update_rows", away)
        patch.setattr(connection, "close", lambda: None)  # it is the test's
        growing._look_safely()
    say(execution, "and more\n")
    assert growing.look() == 1
    assert shown(execution)[0] == "said\nand more\n"


def test_text_that_no_database_takes_is_written_out(runs: Runs) -> None:
    growing = Growing(NODE)
    execution = runs.begin()
    say(execution, "nul \0, half \ud83d")
    growing.look()
    growing.look()
    assert shown(execution)[0] == "nul \\x00, half \\ud83d"


@pytest.mark.django_db(transaction=True)
def test_rows_that_somebody_else_has_locked_are_left_for_the_next_look(runs: Runs) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("this database has no SKIP LOCKED")
    growing = Growing(NODE)
    locked, free = runs.begin(), runs.begin()
    for execution in (locked, free):
        say(execution, "said\n")
    growing.look()
    ready, done = threading.Event(), threading.Event()

    def lock() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("BEGIN")
                cursor.execute(
                    "SELECT 1 FROM countjobs_execution WHERE id=%s FOR UPDATE", [locked.pk]
                )
                ready.set()
                assert done.wait(60)
                cursor.execute("ROLLBACK")
        finally:
            connection.close()

    thread = threading.Thread(target=lock)
    thread.start()
    assert ready.wait(60)
    try:
        assert growing.look() == 1
    finally:
        done.set()
        thread.join()
    assert (shown(locked)[0], shown(free)[0]) == ("", "said\n")
    assert growing.look() == 1
    assert shown(locked)[0] == "said\n"


@pytest.mark.django_db(transaction=True)
def test_a_schedulers_long_run_is_seen_to_grow_and_its_thread_ends_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.05)
    gate = Gate.objects.create(name="gate", file=f"{tmp_path}/gate", second="*")
    with running() as scheduler:
        wait_until(lambda: Execution.objects.filter(status="running", output="begun\n").exists())
        assert scheduler.growing.is_alive()
        Path(gate.file).touch()
        wait_until(lambda: Execution.objects.filter(output="begun\nended\n").exists())
    assert not scheduler.growing.is_alive()
