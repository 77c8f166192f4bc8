"""Purge: how much later runs start while very many old ones are deleted, and how fast that goes.

One scheduler runs all the time. The purge goes on and rests by turns. So what else the machine does
counts for both alike.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypedDict

from benchmarks.numbers import Figure, Row, percentile
from benchmarks.own_process import ROOT, call, command, end, wait_until
from benchmarks.preparing import EVERY_SECOND, prepare
from benchmarks.rounds import in_rounds
from benchmarks.scratch import Database

WAYS = {"thread": "in a thread of the scheduler", "process": "in a process of its own"}
PERCENTS = (50, 99)
SETTLE_SECONDS = 1.0
"""How long a batch that is under way may take when the purge is to rest."""
LAST_SECONDS = 1.5
"""How long the runs of the last second are waited for."""


class Result(TypedDict):
    """Of one round: milliseconds at each of PERCENTS, and what the purge did."""

    alone: list[float]
    """While the purge rests."""
    beside: list[float]
    """While it goes on."""
    deleted: int
    took: float
    """Seconds, without its rests."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=500, help="one-second definitions")
    parser.add_argument("--seconds", type=int, default=10, help="that a turn lasts")
    parser.add_argument("--rows", type=int, default=200_000, help="old runs")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS], help="of the purge")
    parser.add_argument("--most", type=float, default=3_600.0, help="seconds, after which to stop")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = 15 + options.warm_up + 2 * options.seconds + options.rows / 5_000
    return float(each * options.rounds * len(options.ways))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each way in turn, round after round."""

    def one(way: str) -> Result:
        with database.scratch() as url:
            prepare(url, "countjobs", [(options.definitions, EVERY_SECOND)])
            call(fill, url, options.rows)
            return call(
                compare, url, way, options.warm_up, options.seconds, options.most, options.threads
            )

    def told(result: Result) -> str:
        alone, beside = (_slashed(result[which]) for which in ("alone", "beside"))
        return (
            f"{alone} ms late alone, {beside} beside the purge,"
            f" {result['deleted']:,} deleted in {result['took']:.1f} s"
        )

    found = in_rounds(options, database, options.ways, one, told)
    return [row for way, results in found.items() for row in _rows(way, results, database)]


def fill(rows: int) -> int:
    """In a process of its own: make old runs."""
    from benchmarks.filling import old_runs

    return old_runs.make(rows)


def delete(gate: threading.Event | None = None) -> int:
    """Delete the old runs, as the command does, while the gate is open."""
    from django.db import connection
    from django.utils import timezone

    from benchmarks.filling.old_runs import DAYS
    from countjobs.history.purge import purge

    may_go = gate or _gate_of_parent()

    def sleep(seconds: float) -> None:
        time.sleep(seconds)
        may_go.wait()

    try:
        return purge(timezone.now(), days=DAYS, keep=10_000_000, sleep=sleep)
    finally:
        connection.close()


def _gate_of_parent() -> threading.Event:
    """Each line of the standard input opens or closes the gate."""
    gate = threading.Event()
    gate.set()

    def heed() -> None:
        for line in sys.stdin:
            gate.set() if line == "open\n" else gate.clear()

    threading.Thread(target=heed, daemon=True).start()
    return gate


class _Purge:
    """A purge that goes on and rests by turns."""

    def __init__(self, way: str) -> None:
        self._gate = threading.Event()
        self._gate.set()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=delete, args=[self._gate], daemon=True)
        if way == "thread":
            self._thread.start()
        else:
            self._child = subprocess.Popen(
                command(delete), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
            )

    def is_over(self) -> bool:
        """Whether all is deleted."""
        return self._child.poll() is not None if self._child else not self._thread.is_alive()

    def go_on(self, *, it: bool) -> None:
        """Go on, or rest after the batch that is under way."""
        self._gate.set() if it else self._gate.clear()
        if self._child and self._child.stdin and not self.is_over():
            with suppress(BrokenPipeError):
                self._child.stdin.write(b"open\n" if it else b"close\n")
                self._child.stdin.flush()

    def end(self) -> None:
        """End it, even if something is left."""
        if self._child:
            end(self._child)


def compare(way: str, warm_up: float, turn: int, most: float, threads: int) -> Result:
    """In a process of its own: lateness while a purge goes on, and while it rests."""
    from benchmarks.contenders import contender

    scheduler = contender("countjobs")
    scheduler.start(threads)
    scheduler.wait_until_ready()
    time.sleep(warm_up)
    old, deadline = _old(), time.monotonic() + most
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: [_time(lambda: False, turn)]}
    purge = _Purge(way)
    while not times[True] or not (purge.is_over() or time.monotonic() > deadline):
        purge.go_on(it=True)
        times[True].append(_time(purge.is_over, turn))
        purge.go_on(it=False)
        time.sleep(SETTLE_SECONDS)
        times[False].append(_time(lambda: False, turn))
    purge.end()
    time.sleep(LAST_SECONDS)
    beside, alone = _late(times[True]), _late(times[False])
    return {
        "alone": [percentile(alone, percent) for percent in PERCENTS],
        "beside": [percentile(beside, percent) for percent in PERCENTS],
        "deleted": old - _old(),
        "took": sum(until - since for since, until in times[True]),
    }


def _time(is_over: Callable[[], bool], most: float) -> tuple[float, float]:
    """From now until something is over, or for so many seconds; a second at least."""
    began = time.time()
    time.sleep(1)
    wait_until(is_over, most - 1)
    return began, time.time()


def _late(times: list[tuple[float, float]]) -> list[float]:
    """How late runs were (ms) that were due in these times."""
    from countjobs.models import Execution

    late: list[float] = []
    for since, until in times:
        moments = (datetime.fromtimestamp(moment, UTC) for moment in (since, until))
        begun = Execution.objects.begun(*moments).values_list("scheduled_at", "started_at")
        late += [1000 * (at - due).total_seconds() for due, at in begun if at is not None]
    return late


def _old() -> int:
    from countjobs.models import Execution

    return Execution.objects.filter(job_id__startswith="old").count()


def _slashed(values: list[float]) -> str:
    return " / ".join(f"{value:,.0f}" for value in values)


def _rows(way: str, results: list[Result], database: Database) -> list[Row]:
    ratios = [
        Figure([each["beside"][place] / each["alone"][place] for each in results], " ×", 2)
        for place in range(len(PERCENTS))
    ]
    rate = Figure([each["deleted"] / each["took"] for each in results], "/s")
    last = results[-1]
    alone, beside = _slashed(last["alone"]), _slashed(last["beside"])
    note = f"{beside} ms and {alone} ms in the last round"
    return [
        Row(
            f"lateness beside a purge {WAYS[way]}, relative to without: p50 / p99",
            database.name,
            " / ".join(map(str, ratios)),
            note=note,
        ),
        Row(
            f"runs deleted {WAYS[way]}",
            database.name,
            str(rate),
            note=f"{last['deleted']:,} in {last['took']:,.0f} s",
        ),
    ]
