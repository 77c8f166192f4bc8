"""A run leaves nothing behind for the next one in its thread. Issue 8, line 9."""

from __future__ import annotations

import decimal
import threading
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.core.cache import cache
from django.urls import set_script_prefix, set_urlconf
from django.utils import timezone, translation

from countjobs.executors import ThreadPoolExecutor
from countjobs.executors.runs import carry_out
from countjobs.history.run_outcome import Outcome
from tests.support.contexts import seen, variable
from tests.support.executing import Call, Claims, Scheduler, claimed, run_of, submit


def change_everything() -> None:
    translation.activate("ja")
    timezone.activate(ZoneInfo("Asia/Tokyo"))
    set_urlconf("nowhere.urls")
    set_script_prefix("/elsewhere/")
    decimal.getcontext().prec = 3
    decimal.getcontext().rounding = decimal.ROUND_UP
    variable.set("changed")


def fail_after_all() -> None:
    change_everything()
    raise ValueError("reason")


async def change_everything_async() -> None:
    change_everything()


@pytest.fixture
def executor(
    scheduler: Scheduler, claims: Claims, outcomes: list[Outcome]
) -> Iterator[ThreadPoolExecutor]:
    """One with a single thread."""
    executor = ThreadPoolExecutor(1, claims.begin, claims.put_off, outcomes.append, 10_000)
    executor.start(scheduler, "default")
    yield executor
    executor.shutdown()


def in_one_thread(executor: ThreadPoolExecutor, *calls: Call) -> None:
    """One after the other."""
    for number, call in enumerate(calls, start=1):
        submit(executor, claimed(call, job_id=str(number), first=number))
        assert executor.wait_until_idle(60)


@pytest.mark.parametrize("change", [change_everything, fail_after_all, change_everything_async])
def test_what_a_run_sets_meets_no_other_run(executor: ThreadPoolExecutor, change: Call) -> None:
    threads: list[int] = []
    found: list[dict[str, object]] = []

    def look() -> None:
        threads.append(threading.get_ident())
        found.append(seen())

    def look_and_change() -> object:
        look()
        return change()

    in_one_thread(executor, look_and_change, look_and_change, look)
    assert len(set(threads)) == 1
    assert found[1:] == found[:1] * 2
    assert found[0]["variable"] == "nothing"


@pytest.mark.django_db
def test_runjob_s_caller_is_met_by_nothing_either() -> None:
    before = seen()
    carry_out(run_of(change_everything), 1_000)
    assert seen() == before


@pytest.mark.django_db
def test_a_run_sees_what_its_caller_has_set() -> None:
    found: list[str] = []
    token = variable.set("given")
    try:
        carry_out(run_of(lambda: found.append(variable.get())), 1_000)
    finally:
        variable.reset(token)
    assert found == ["given"]


def test_runs_of_a_thread_share_its_caches(executor: ThreadPoolExecutor) -> None:
    """Django keeps them in the context: a new one each run would connect anew to Redis."""
    found: list[object] = []

    def look() -> None:
        cache.get("key")
        found.append(cache._connections["default"])  # type: ignore[attr-defined]  # a proxy

    in_one_thread(executor, look, look)
    assert found[0] is found[1]


# Connections
