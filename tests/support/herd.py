"""A herd of schedulers, and what befalls them: killed, stopped, frozen at random, and replaced."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.db import connection

from countjobs.models import SchedulerNode
from tests.support.child_processes import reap
from tests.support.running_schedulers import ended, read, start
from tests.support.waiting import wait_until

LEASE_SECONDS = 6
COUNTJOBS = {
    "HEARTBEAT_SECONDS": 1,
    "LEASE_SECONDS": LEASE_SECONDS,
    "DRAIN_SECONDS": 20,
    "THREADS": 10,
}
END_SECONDS = 60
"""More than a scheduler takes that uses up its time to drain."""
NODE = re.compile(r":(\d+):")
AWAY = "The database can't be used"

Process = subprocess.Popen[bytes]


class Herd:
    """A number of schedulers; whichever is lost is replaced."""

    def __init__(self, size: int, directory: Path, seed: str, settings: str) -> None:
        self.size = size
        self.directory = directory
        self.seed = seed
        self.random = random.Random(seed)
        self.settings = settings
        self.processes: list[Process] = []
        self.logs: dict[int, Path] = {}
        self.unwell: set[int] = set()
        """The pids of those that were killed or frozen: only they may leave lost runs."""
        self.strikes: list[str] = []
        """What has befallen whom."""
        self._next: list[Callable[[Process], None]] = []

    def fill(self) -> None:
        while len(self.processes) < self.size:
            log = self.directory / f"log-{len(self.logs)}"
            process = start(
                *("runscheduler", "-v", "0"),
                log=log,
                DJANGO_SETTINGS_MODULE=self.settings,
                TEST_COUNTJOBS=json.dumps(COUNTJOBS),
            )
            self.processes.append(process)
            self.logs[process.pid] = log

    def wait_until_up(self) -> None:
        self._supervise()
        wait_until(lambda: len(self._well()) == len(self.processes), END_SECONDS, self.excerpts)

    def strike(self) -> None:
        """Do something bad to one of them, and put another in its place."""
        victim = self.choose()
        if not self._next:
            self._next = self.random.sample([self._kill, self._stop, self._freeze], 3)
        befall = self._next.pop()
        self.strikes.append(f"{befall.__name__.strip('_')} {victim.pid}")
        befall(victim)
        self.fill()

    def choose(self) -> Process:
        """One that is up."""
        self._supervise()
        wait_until(self._well, END_SECONDS, self.excerpts, every=0.1)
        return self.random.choice(self._well())

    def kill(self, victim: Process) -> None:
        """Kill one, and put another in its place."""
        self.strikes.append(f"kill {victim.pid}")
        self._kill(victim)
        self.fill()

    def _well(self) -> list[Process]:
        up = set(SchedulerNode.objects.filter(state="running").values_list("pid", flat=True))
        return [process for process in self.processes if process.pid in up]

    def _supervise(self) -> None:
        """A scheduler that could not start, the database being away, is started again. No other
        reason to end by itself is a good one.
        """
        for process in self.processes[:]:
            if process.poll() is not None:
                assert AWAY in read(self.logs[process.pid]), self.excerpts(f":{process.pid}:")
                self.processes.remove(process)
        self.fill()

    def _kill(self, victim: Process) -> None:
        self.unwell.add(victim.pid)
        self.processes.remove(victim)
        reap(victim)

    def _stop(self, victim: Process) -> None:
        self.processes.remove(victim)
        victim.send_signal(signal.SIGTERM)
        self._see_the_end_of(victim)

    def _see_the_end_of(self, process: Process) -> None:
        status = ended(process, END_SECONDS)
        said = read(self.logs[process.pid])
        if status == 1 and ("did not finish in time" in said or AWAY in said):
            self.unwell.add(process.pid)
        else:
            assert status == 0, f"exit status {status}\n{self.excerpts(f':{process.pid}:')}"

    def _freeze(self, victim: Process) -> None:
        """Freeze it past its lease, until the others take it for dead; then let it go on. Another
        one takes its place meanwhile, and they are one more from then on until the next loss.
        """
        self.unwell.add(victim.pid)
        self.processes.remove(victim)
        try:
            self._stop_beside_the_lock(victim)
            self.fill()
            dead = SchedulerNode.objects.filter(pid=victim.pid, state="stopped")
            wait_until(dead.exists, END_SECONDS, self.excerpts, every=0.1)
        finally:
            victim.send_signal(signal.SIGCONT)
            self.processes.append(victim)

    def _stop_beside_the_lock(self, victim: Process) -> None:
        """On SQLite one that is frozen while it writes would freeze all others, too."""

        def freeze() -> bool:
            victim.send_signal(signal.SIGSTOP)
            wait_until(lambda: has_stopped(victim), END_SECONDS, self.excerpts)
            if not is_locked():
                return True
            victim.send_signal(signal.SIGCONT)
            wait_until(lambda: not is_locked(), END_SECONDS, self.excerpts)
            return False

        wait_until(freeze, END_SECONDS, self.excerpts)

    def suffer_outage(self, seconds: float) -> None:
        """Note that the database was away. None may take harm from that, but where the machine is
        so slow that it was away for half a lease: it is as if all of them had been frozen.
        """
        self.strikes.append(f"restart ({seconds:.1f} s)")
        if seconds > LEASE_SECONDS / 2:
            self.unwell |= {process.pid for process in self.processes}

    def end(self) -> None:
        """End all, as a supervisor does, once they are there to hear it."""
        self.wait_until_up()
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        while self.processes:
            self._see_the_end_of(self.processes.pop())

    def kill_all(self) -> None:
        while self.processes:
            reap(self.processes.pop())

    def story(self) -> str:
        return f"--chaos-seed {self.seed}: {', '.join(self.strikes)}"

    def excerpts(self, *faults: str) -> str:
        """What befell them, and the ends of two logs: of those that faults name, or the newest."""
        named = [int(pid) for fault in faults for pid in NODE.findall(fault)]
        pids = [pid for pid in dict.fromkeys(named) if pid in self.logs] or [*self.logs][-2:]
        return "\n".join([self.story(), *(self._excerpt(pid) for pid in pids[:2])])

    def _excerpt(self, pid: int) -> str:
        # Overlaps are many on a slow machine, and no fault.
        lines = [line for line in read(self.logs[pid]).splitlines() if " skipped: " not in line]
        return "\n".join([f"--- the log of {pid}, without overlaps:", *lines[-40:]])


def has_stopped(process: Process) -> bool:
    """Whether SIGSTOP has reached every thread: until then one may yet take a lock."""
    return os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG) is not None


def is_locked() -> bool:
    """Whether nobody can write, for a second or more."""
    if connection.vendor != "sqlite":
        return False
    name = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(name, timeout=1, isolation_level=None)) as own:
        try:
            own.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        own.execute("ROLLBACK")
        return False


@contextmanager
def running_herd(
    size: int, directory: Path, *, seed: str = "", settings: str = "tests.settings"
) -> Iterator[Herd]:
    """Schedulers that are started, and killed in the end where they still live."""
    herd = Herd(size, directory, seed, settings)
    try:
        herd.fill()
        yield herd
    finally:
        herd.kill_all()
