"""A run tells how far it has come, and nothing that it tells can harm it."""

from __future__ import annotations

import math
import pickle
from datetime import timedelta
from typing import Any

import pytest

from countjobs import api
from countjobs.executors.output import capturing
from countjobs.executors.runs import carry_out
from countjobs.models import CountJob, countjob
from countjobs.models.executions import Status
from countjobs.run_context import (
    GOING,
    MOST,
    NO_RUN,
    GiveUp,
    RunContext,
    StopRun,
    TryLater,
    current,
    progress,
)
from tests.support.errors import HostileError
from tests.support.executing import run_of

pytestmark = pytest.mark.django_db


class Odd:
    def __int__(self) -> int:
        raise HostileError


@pytest.mark.parametrize(
    ("told", "figures"),
    [
        ((None, None), (None, None)),
        ((3, 10), (3, 10)),
        ((3, None), (3, None)),
        ((0, 0), (0, 0)),
        ((True, 2.9), (1, 2)),
        (("7", "9"), (7, 9)),
        ((-5, 10), (0, 10)),
        ((11, 10), (11, 11)),
        ((10**30, 10**40), (MOST, MOST)),
        ((None, 10), (None, None)),
        (("x", 10), (None, None)),
        ((3, "x"), (3, None)),
        ((float("nan"), float("inf")), (None, None)),
        ((3, float("inf")), (3, None)),
        ((Odd(), Odd()), (None, None)),
    ],
)
def test_what_is_told_is_taken_as_well_as_it_can_be(told: Any, figures: Any) -> None:
    run = RunContext(None, None)
    run.told = told
    assert run.progress() == figures


def test_telling_outside_of_a_run_does_nothing() -> None:
    progress(1, 2)
    CountJob(name="idle").progress(1, 2)
    assert current.get() is NO_RUN


def test_a_run_goes_on_for_as_long_as_it_does() -> None:
    seen: list[RunContext] = []

    def job() -> None:
        print("here")
        progress(3, 4)
        seen.append(GOING[7])

    with capturing():
        assert carry_out(run_of(job), 1_000).status == Status.SUCCEEDED
    (run,) = seen
    assert run.progress() == (3, 4)
    assert run.output is not None
    assert run.output.so_far() == "here\n"
    assert 7 not in GOING
    assert current.get() is NO_RUN


def test_a_run_that_fails_goes_on_no_longer_either() -> None:
    def fail() -> None:
        progress(1, 2)
        raise SystemExit

    assert carry_out(run_of(fail), 1_000).status == Status.FAILED
    assert 7 not in GOING
    assert current.get() is NO_RUN


@pytest.mark.parametrize(("count", "told"), [(0, []), (3, [3]), (2_500, [1_000, 2_000, 2_500])])
def test_the_count_job_tells_how_far_it_has_come(
    count: int, told: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    figures: list[tuple[int, int]] = []
    countjob.step_count(count, lambda done, total: figures.append((done, total)))
    assert figures == [(done, count) for done in told]
    assert capsys.readouterr().out == "".join(f"{index}\n" for index in range(count))


def test_the_count_job_tells_it_of_its_run() -> None:
    job = CountJob(name="count", count=3)
    with RunContext(run_of(int), None):
        job.run()
        assert GOING[7].progress() == (3, 3)


@pytest.mark.parametrize("error", [GiveUp("no"), TryLater(3), StopRun("late")])
def test_the_exceptions_of_jobs_are_called_as_jobs_import_them(error: BaseException) -> None:
    assert type(error).__module__ == "countjobs.api"
    assert getattr(api, type(error).__name__) is type(error)
    assert type(pickle.loads(pickle.dumps(error))) is type(error)  # our own


@pytest.mark.parametrize("seconds", [-1, math.nan, math.inf, "5", None, timedelta(5), 1j])
def test_to_try_later_takes_a_number_of_seconds(seconds: object) -> None:
    with pytest.raises(ValueError, match="TryLater takes a number of seconds, 0 or more, not "):
        TryLater(seconds)  # type: ignore[arg-type]  # that is what is wrong with it
