"""Schedulers that are killed, stopped and frozen at random, and what must hold afterwards."""

from __future__ import annotations

import random
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from countjobs.models import Execution, SchedulerNode
from tests.app.models import Note
from tests.processes import end, start
from tests.waiting import wait_until

SETTINGS = '{"HEARTBEAT_SECONDS": 1, "LEASE_SECONDS": 3, "THREADS": 10}'


class Herd:
    """A number of schedulers; whichever is lost is replaced."""

    def __init__(self, size: int, log: Path, seed: int) -> None:
        self.log = log
        self.random = random.Random(seed)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.unwell: set[int] = set()
        """The pids of those that were killed or frozen: only they may leave lost runs."""
        for _ in range(size):
            self.add()

    def add(self) -> None:
        self.processes.append(start("runscheduler", log=self.log, TEST_COUNTJOBS=SETTINGS))

    def strike(self) -> None:
        """Do something bad to one of them, and put another in its place."""
        self._revive()
        wait_until(self._well, 30, what="for a scheduler that is up")
        victim = self.random.choice(self._well())
        self.random.choice([self.kill, self.stop, self.freeze])(victim)

    def _revive(self) -> None:
        """What a supervisor does: a scheduler that could not even start is started again."""
        for process in self.processes[:]:
            if process.poll() is not None:
                self.unwell.add(process.pid)
                self._replace(process)

    def _well(self) -> list[subprocess.Popen[bytes]]:
        up = set(SchedulerNode.objects.filter(state="running").values_list("pid", flat=True))
        return [process for process in self.processes if process.pid in up]

    def kill(self, victim: subprocess.Popen[bytes]) -> None:
        self.unwell.add(victim.pid)
        victim.kill()
        victim.wait(10)
        self._replace(victim)

    def stop(self, victim: subprocess.Popen[bytes]) -> None:
        assert end(victim) == 0
        self._replace(victim)

    def freeze(self, victim: subprocess.Popen[bytes]) -> None:
        """Freeze it past its lease, until the others take it for dead; then let it go on."""
        self.unwell.add(victim.pid)
        victim.send_signal(signal.SIGSTOP)
        dead = SchedulerNode.objects.filter(pid=victim.pid, state="stopped")
        try:
            wait_until(dead.exists, 15)
        except AssertionError:
            # On SQLite it may be frozen while it writes, and then nobody else can.
            if connection.vendor != "sqlite":
                raise
        finally:
            victim.send_signal(signal.SIGCONT)

    def _replace(self, victim: subprocess.Popen[bytes]) -> None:
        self.processes.remove(victim)
        self.add()

    def has_settled(self) -> bool:
        """Whether nothing is left of those that are not there any more."""
        pids = {process.pid for process in self.processes}
        nodes = Execution.objects.active().exclude(node="").values_list("node", flat=True)
        return all(int(node.split(":")[1]) in pids for node in nodes.distinct())

    def end(self) -> None:
        for process in self.processes:
            end(process)


def end_connections() -> None:
    """Have the server end every connection but this one."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )


def faults(notes: Path, unwell: set[int]) -> list[str]:
    """Everything that must not be so, a line each."""
    checks: list[Callable[[], list[str]]] = [
        _unaccounted,
        lambda: _started_twice(notes),
        lambda: _wrongly_noted(notes),
        _unsettled,
        lambda: _wrongly_lost(unwell),
    ]
    return [fault for check in checks for fault in check()]


def _unaccounted() -> list[str]:
    """Every second of every definition is one execution, or counted in one's `folded`."""
    seconds: dict[str, Counter[datetime]] = {}
    for name, at, folded in Execution.objects.values_list("job_name", "scheduled_at", "folded"):
        accounted = seconds.setdefault(name, Counter())
        accounted.update(at - timedelta(seconds=earlier) for earlier in range(folded + 1))
    return [
        f"{name}: {len(counted)} seconds, from {min(counted)} to {max(counted)}, "
        f"at the most {max(counted.values())} times each"
        for name, counted in seconds.items()
        if max(counted.values()) > 1
        or len(counted) != (max(counted) - min(counted)).total_seconds() + 1
    ]


def _started_twice(notes: Path) -> list[str]:
    counted = Counter(notes.read_text().splitlines())
    return [f"{line}: started {count} times" for line, count in counted.items() if count > 1]


def _wrongly_noted(notes: Path) -> list[str]:
    """What succeeded has started, and what has started succeeded or was lost."""
    noted = set(notes.read_text().splitlines())
    rows = Execution.objects.filter(started_at__isnull=False).values_list(
        "job_name", "scheduled_at", "status"
    )
    status = {f"{name} {at.isoformat()}": status for name, at, status in rows}
    unknown = [f"{line}: started, and not in the history" for line in noted - set(status)]
    return unknown + [
        f"{line}: {state}, and never started"
        for line, state in status.items()
        if state == "succeeded" and line not in noted
    ]


def _unsettled() -> list[str]:
    active = Execution.objects.active().exclude(status="queued", node="")
    return [f"{execution}: still {execution.status}" for execution in active]


def _wrongly_lost(unwell: set[int]) -> list[str]:
    lost = Execution.objects.filter(status="lost")
    return [
        f"{execution}: lost by {execution.node}, which was well"
        for execution in lost
        if int(execution.node.split(":")[1]) not in unwell
    ]


def note_every_second(count: int, notes: Path) -> None:
    Note.objects.bulk_create(
        Note(name=f"note-{number}", second="*", file=str(notes)) for number in range(count)
    )
