"""Schedulers in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from countjobs.jobstores.store import DatabaseJobStore
from countjobs.schedulers import BackgroundScheduler, create_scheduler
from tests.support.factories import NOON


@contextmanager
def running(**options: Any) -> Iterator[BackgroundScheduler]:
    scheduler = create_scheduler(background=True, **options)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown()


def claim_until_idle(store: DatabaseJobStore) -> list[str]:
    """What is claimed in a few turns of the loop."""
    return [job.id for _ in range(5) for job in store.get_due_jobs(NOON)]
