"""A job store that a scheduler of two threads uses, and a clock for tests of its rows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import time_machine

from countjobs.jobstores.store import DatabaseJobStore
from tests.support.job_rows import NOW
from tests.support.still_scheduler import IdleScheduler, Threads, make_scheduler, make_store


@pytest.fixture
def threads() -> Threads:
    return Threads(2)


@pytest.fixture
def scheduler() -> IdleScheduler:
    return make_scheduler()


@pytest.fixture
def store(scheduler: IdleScheduler, threads: Threads) -> DatabaseJobStore:
    return make_store(scheduler, threads)


@pytest.fixture
def rows_clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller
