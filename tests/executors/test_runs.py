"""One run: whatever it does, it ends as an outcome that tells what happened."""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import partial

import pytest
import time_machine
from django.db import OperationalError, ProgrammingError, connection, connections, transaction

from countjobs.api import TryLater
from countjobs.executors.output import capturing
from countjobs.executors.runs import carry_out
from countjobs.history.run_outcome import Outcome
from countjobs.models import Execution
from countjobs.models.executions import Status
from tests.support.errors import HostileError, MuteError, ShapelessError
from tests.support.executing import run_of
from tests.support.factories import make_execution

# A run looks at its thread's connection, which may be open since an earlier test.
pytestmark = pytest.mark.django_db

CAP = 4_000


def run(call: Callable[[], object], most_bytes: int = CAP) -> Outcome:
    with capturing():
        return carry_out(run_of(call), most_bytes)


def fail(error: BaseException) -> None:
    print("about to fail")
    raise error


def fail_from_a_cause() -> None:
    try:
        fail(KeyError("the cause"))
    except KeyError as error:
        raise ValueError("what it led to") from error


def fail_in_a_handler() -> None:
    try:
        fail(KeyError("the first"))
    except KeyError:
        fail(ValueError("the second"))


def test_a_run_that_returns_has_succeeded() -> None:
    outcome = run(lambda: print("fine"))
    assert (outcome.execution_id, outcome.status) == (7, Status.SUCCEEDED)
    assert (outcome.output, outcome.error, outcome.traceback) == ("fine\n", "", "")


def test_its_times_are_those_of_the_call() -> None:
    with time_machine.travel(datetime(2026, 3, 4, 12, tzinfo=UTC), tick=False) as clock:
        outcome = run(lambda: clock.shift(90))
    assert outcome.started_at == datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert outcome.finished_at == datetime(2026, 3, 4, 12, 1, 30, tzinfo=UTC)


def test_a_run_that_raises_has_failed_with_its_error_and_the_whole_traceback() -> None:
    outcome = run(partial(fail, ValueError("reason")))
    assert outcome.status == Status.FAILED
    assert outcome.error == "ValueError: reason"
    assert outcome.traceback.startswith("Traceback (most recent call last):\n")
    assert "in fail\n    raise error\n" in outcome.traceback
    assert outcome.traceback.endswith("ValueError: reason\n")
    assert outcome.output == "about to fail\n"


def test_the_traceback_begins_with_the_jobs_own_frame() -> None:
    traceback = run(fail_in_a_handler).traceback
    assert "runs.py" not in traceback.replace("test_runs.py", "")
    assert "carry_out" not in traceback


def test_the_causes_of_an_error_are_part_of_the_traceback() -> None:
    traceback = run(fail_from_a_cause).traceback
    cause = traceback.index("KeyError: 'the cause'")
    link = traceback.index("The above exception was the direct cause")
    assert cause < link < traceback.index("ValueError: what it led to")


def test_so_is_the_error_that_was_being_handled() -> None:
    traceback = run(fail_in_a_handler).traceback
    assert "KeyError: 'the first'" in traceback
    assert "During handling of the above exception" in traceback
    assert run(fail_in_a_handler).error == "ValueError: the second"


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (SystemExit(3), "SystemExit: 3"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (GeneratorExit(), "GeneratorExit"),
        (MemoryError("much"), "MemoryError: much"),
        (ExceptionGroup("both", [ValueError("a")]), "ExceptionGroup: both (1 sub-exception)"),
    ],
)
def test_no_exception_gets_out(error: BaseException, described: str) -> None:
    outcome = run(partial(fail, error))
    assert (outcome.status, outcome.error) == (Status.FAILED, described)


def test_sys_exit_with_0_is_a_failure_too() -> None:
    assert run(sys.exit).status == Status.FAILED


@pytest.mark.parametrize("error", [MuteError(), HostileError()])
def test_an_error_that_can_not_be_printed_is_named(error: Exception) -> None:
    outcome = run(partial(fail, error))
    assert outcome.status == Status.FAILED
    assert type(error).__name__ in outcome.error
    assert outcome.traceback
    assert outcome.output == "about to fail\n"


def test_the_error_of_a_call_that_does_not_fit_the_function_is_told() -> None:
    outcome = run(partial(fail, 1, 2))  # type: ignore[call-arg, arg-type]  # that is what is wrong with it
    assert outcome.error.startswith("TypeError: fail() takes 1 positional argument but 2")


def test_a_huge_error_is_cut() -> None:
    outcome = run(partial(fail, ValueError("x" * 1_000_000)))
    assert len(outcome.error) == 2_000
    assert len(outcome.traceback.encode()) < CAP + 50
    assert "bytes cut" in outcome.traceback


def test_endless_recursion_is_a_failure_like_others() -> None:
    def recurse() -> None:
        recurse()

    outcome = run(recurse)
    assert outcome.error.startswith("RecursionError: ")
    assert "Previous line repeated" in outcome.traceback


def test_what_databases_refuse_is_written_out() -> None:
    outcome = run(partial(fail, ValueError("nul \0, half \ud83d")))
    assert outcome.error == "ValueError: nul \\x00, half \\ud83d"
    assert "\0" not in outcome.traceback


def test_frames_of_a_failed_run_do_not_hold_on_to_what_it_held() -> None:
    class Held:
        pass

    alive: list[str] = []

    def hold() -> None:
        held = Held()
        weakref.finalize(held, alive.append, "let go")
        raise ValueError(held.__class__.__name__)

    run(hold)
    assert alive == ["let go"]


@pytest.fixture
def _own_connection() -> Iterator[None]:
    """Puts back the thread's connection, which a run may replace, for the end of all tests."""
    before = connections["default"]
    yield
    connection.close()
    before.connect()  # it takes itself to be in a transaction
    connections["default"] = before


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_connection")
def test_promise_05_a_connection_that_a_job_leaves_broken_is_dropped() -> None:
    def leave_autocommit_off() -> None:
        connection.set_autocommit(False)

    run(leave_autocommit_off)
    assert connection.connection is None
    assert connection.get_autocommit()


@pytest.mark.django_db
def test_a_transaction_of_the_callers_goes_on() -> None:
    execution = make_execution()
    run(partial(fail, ValueError("reason")))
    assert list(Execution.objects.all()) == [execution]


def _leave_a_block_open() -> None:
    transaction.atomic().__enter__()
    make_execution()


def _leave_a_broken_block_open() -> None:
    transaction.atomic().__enter__()
    with pytest.raises(ProgrammingError if connection.vendor == "postgresql" else OperationalError):
        connection.cursor().execute("SELECT * FROM nowhere")


def _leave_what_it_began_open() -> None:
    connection.cursor().execute("BEGIN")
    make_execution()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_connection")
@pytest.mark.parametrize(
    "leave", [_leave_a_block_open, _leave_a_broken_block_open, _leave_what_it_began_open]
)
def test_a_transaction_that_a_job_leaves_open_is_rolled_back(leave: Callable[[], None]) -> None:
    outcome = run(leave)
    assert outcome.status == Status.SUCCEEDED
    assert not connection.in_atomic_block
    assert not Execution.objects.exists()
    with transaction.atomic():
        make_execution()
    assert Execution.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_own_connection")
def test_a_job_that_leaves_a_transaction_open_is_told_so() -> None:
    assert "left a transaction open" in run(_leave_a_block_open).output


@pytest.mark.django_db(transaction=True)
def test_a_job_that_ends_its_transactions_is_told_nothing() -> None:
    def end_it() -> None:
        with transaction.atomic():
            make_execution()

    assert run(end_it).output == ""
    assert Execution.objects.count() == 1


class Later(TryLater):
    """It says what it likes."""

    def __init__(self, **says: object) -> None:
        vars(self).update(says)


@pytest.mark.parametrize(
    ("error", "try_after"),
    [
        (TryLater(0), 0.0),
        (TryLater(Decimal("2.5")), 2.5),  # type: ignore[arg-type]  # that is what is wrong
        (TryLater(Fraction(5, 2)), 2.5),  # type: ignore[arg-type]
        (TryLater(10**400), sys.float_info.max),
        (Later(seconds=3), 3.0),
        (Later(seconds=math.nan), None),
        (Later(seconds=-1), None),
        (Later(seconds="3"), None),
        (Later(), None),
    ],
)
def test_whatever_says_how_long_to_wait_is_a_plain_number_or_ignored(
    error: Exception, try_after: float | None
) -> None:
    outcome = run(partial(fail, error))
    assert outcome.status == Status.FAILED
    assert "could not carry out" not in outcome.error
    assert outcome.output == "about to fail\n"
    assert (type(outcome.try_after), outcome.try_after) == (type(try_after), try_after)


def test_an_error_that_hides_its_class_is_an_ordinary_failure() -> None:
    outcome = run(partial(fail, ShapelessError()))
    assert (outcome.status, outcome.output) == (Status.FAILED, "about to fail\n")
    assert outcome.error.startswith("ShapelessError")
