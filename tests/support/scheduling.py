"""Schedulers in the test's own process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from countjobs.schedulers import BackgroundScheduler, create_scheduler


@contextmanager
def running(**options: Any) -> Iterator[BackgroundScheduler]:
    scheduler = create_scheduler(background=True, **options)
    scheduler.start()
    try:
        yield scheduler
    finally:
        scheduler.shutdown()
