"""A job whose code would never run fails, and says why; a generator can't even be added."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from functools import partial
from types import coroutine
from typing import Any

import pytest

from countjobs.models.executions import Status
from countjobs.schedulers import create_scheduler
from tests.support.executing import outcome_of

pytestmark = pytest.mark.django_db


async def greet() -> None:
    print("never")


def count() -> Iterator[int]:
    print("never")
    yield 1


async def count_slowly() -> AsyncIterator[int]:
    print("never")
    yield 1


@coroutine
def count_in_the_old_way() -> Generator[int, None, None]:
    print("never")
    yield 1


class Counter:
    def __call__(self) -> Iterator[int]:
        return count()


async def forget_to_await() -> object:
    return greet()


class Awaitable:
    def __await__(self) -> Generator[None, None, None]:
        yield


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (count, "a generator"),
        (partial(count), "a generator"),
        (Counter(), "a generator"),
        (count_in_the_old_way, "a generator"),
        (count_slowly, "an async generator"),
        (forget_to_await, "an awaitable"),
        (Awaitable, "an awaitable"),
    ],
)
def test_a_run_that_would_do_nothing_fails(call: Callable[[], object], error: str) -> None:
    outcome = outcome_of(call)
    assert outcome.status == Status.FAILED
    assert outcome.error.startswith(f"TypeError: The job returned {error}, whose code has not run")
    assert outcome.output == ""


@pytest.mark.parametrize("call", [count, count_slowly, partial(count), f"{__name__}:count"])
def test_a_generator_can_not_be_added(call: Any) -> None:
    scheduler = create_scheduler(background=True)
    with pytest.raises(TypeError, match="is a generator: calling it runs nothing"):
        scheduler.add_job(call, "interval", seconds=5)
    with pytest.raises(TypeError, match="is a generator"):
        scheduler.add_job(func=call, trigger="interval", seconds=5)
