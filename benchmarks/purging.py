"""Purge: how much later runs start while very many old ones are deleted, and how fast that goes.

One scheduler runs all the time. It is measured alone, beside the purge, and alone again, so that
the machine is the same.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypedDict

from benchmarks.numbers import Figure, Row, percentile
from benchmarks.own_process import ROOT, call, command, end, wait_until
from benchmarks.preparing import EVERY_SECOND, prepare
from benchmarks.rounds import in_rounds
from benchmarks.scratch import Database

WAYS = {"thread": "in a thread of the scheduler", "process": "in a process of its own"}
PERCENTS = (50, 99)
LAST_SECONDS = 1.5
"""How long the runs of the last second are waited for."""


class Result(TypedDict):
    """Of one round: milliseconds at each of PERCENTS, and what the purge did."""

    alone: list[float]
    """Before and after the purge."""
    beside: list[float]
    started: float
    """The share of the due runs that started beside the purge."""
    deleted: int
    took: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=500, help="one-second definitions")
    parser.add_argument("--seconds", type=int, default=20, help="measured alone, before and after")
    parser.add_argument("--rows", type=int, default=200_000, help="old runs")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS], help="of the purge")
    parser.add_argument("--most", type=float, default=3_600.0, help="seconds for the purge")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = 15 + options.warm_up + 2 * options.seconds + options.rows / 10_000
    return float(each * options.rounds * len(options.ways))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each way in turn, round after round."""

    def one(way: str) -> Result:
        with database.scratch() as url:
            prepare(url, "countjobs", [(options.definitions, EVERY_SECOND)])
            call(fill, url, options.rows)
            times = [options.warm_up, options.seconds, options.most]
            return call(compare, url, way, options.definitions, times, options.threads)

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


def delete() -> int:
    """Delete the old runs, as the command does."""
    from django.db import connection
    from django.utils import timezone

    from benchmarks.filling.old_runs import DAYS
    from countjobs.history.purge import purge

    try:
        return purge(timezone.now(), days=DAYS, keep=10_000_000)
    finally:
        connection.close()


def compare(way: str, definitions: int, times: tuple[float, int, float], threads: int) -> Result:
    """In a process of its own: lateness without and with a purge beside."""
    from benchmarks.contenders import contender

    warm_up, seconds, most = times
    scheduler = contender("countjobs")
    scheduler.start(threads)
    scheduler.wait_until_ready()
    time.sleep(warm_up)
    alone = _late(lambda: time.sleep(seconds))
    old = _old()
    began = time.monotonic()
    beside, due = _late_and_due(lambda: _purge(way, most))
    took = time.monotonic() - began - LAST_SECONDS
    deleted = old - _old()
    alone += _late(lambda: time.sleep(seconds))
    return {
        "alone": [percentile(alone, percent) for percent in PERCENTS],
        "beside": [percentile(beside, percent) for percent in PERCENTS],
        "started": len(beside) / (due * definitions),
        "deleted": deleted,
        "took": took,
    }


def _purge(way: str, most: float) -> None:
    """Purge, and wait for it. Lateness is of whole seconds, so it lasts one at least."""
    whole = time.monotonic() + 1
    if way == "thread":
        thread = threading.Thread(target=delete, daemon=True)
        thread.start()
        thread.join(most)
    else:
        child = subprocess.Popen(command(delete), cwd=ROOT, stdout=subprocess.DEVNULL)
        wait_until(lambda: child.poll() is not None, most)
        end(child)
    time.sleep(max(whole - time.monotonic(), 0))


def _late(meanwhile: Callable[[], None]) -> list[float]:
    return _late_and_due(meanwhile)[0]


def _late_and_due(meanwhile: Callable[[], None]) -> tuple[list[float], int]:
    """How late runs are (ms) that are due meanwhile, and in how many whole seconds they are."""
    from countjobs.models import Execution

    first = time.time()
    meanwhile()
    last = time.time()
    time.sleep(LAST_SECONDS)
    since, until = (datetime.fromtimestamp(moment, UTC) for moment in (first, last))
    begun = Execution.objects.begun(since, until).values_list("scheduled_at", "started_at")
    late = [1000 * (at - due).total_seconds() for due, at in begun if at is not None]
    return late, max(math.floor(last) - math.floor(first), 1)


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
    note = f"{alone} ms and {beside} ms in the last round; {last['started']:.0%} started"
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
