"""A scheduler whose loop never turns, so that tests may look at its job store in peace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from apscheduler.schedulers.base import BaseScheduler

from countjobs.jobstores.store import DatabaseJobStore

NODE = "here:1:1"


class Threads:
    """So many of them, with so much to do."""

    def __init__(self, free: int = 10, **busy: int) -> None:
        self.free = free
        self._busy = Counter(busy)

    def rooms(self) -> dict[str, int]:
        return {"default": self.free}

    def room_for_claims(self, rooms: Mapping[str, int]) -> int:
        return sum(rooms.values())

    def full(self) -> frozenset[str]:
        return frozenset()

    def note_used(self, names: Iterable[str]) -> None:
        pass

    def busy(self) -> Counter[str]:
        return self._busy


class IdleScheduler(BaseScheduler):  # type: ignore[misc]  # APScheduler has no types
    """Has a job store, and a loop that never turns."""

    def wakeup(self) -> None:
        pass

    def shutdown(self, wait: bool = True) -> None:
        super().shutdown(wait)


def make_scheduler() -> IdleScheduler:
    return IdleScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})


def make_store(scheduler: IdleScheduler, threads: Threads) -> DatabaseJobStore:
    """Its job store, ready to be used."""
    store = DatabaseJobStore(NODE, threads, set)
    scheduler.add_jobstore(store)
    scheduler.start(paused=True)
    return store
