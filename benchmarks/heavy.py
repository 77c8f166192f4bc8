"""Heavy runs: some that only compute, all due at one instant, and short jobs in threads beside.

In threads they share one interpreter, so they wait for each other, and the short jobs wait, too.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from datetime import UTC, datetime
from typing import TypedDict

from benchmarks.numbers import Figure, Row, all_medians, percentile
from benchmarks.own_process import call, wait_until
from benchmarks.preparing import EVERY_SECOND, prepare
from benchmarks.rounds import in_rounds
from benchmarks.scratch import Database

EXECUTORS = {"processes": "processes", "threads": "default"}
PERCENTS = (50, 95, 99, 100)


class Result(TypedDict):
    """Of one round: seconds until the last heavy run has ended, and how late short runs were (ms at
    each of PERCENTS).
    """

    took: float
    late: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--runs", type=int, default=8, help="heavy runs, due at one instant")
    parser.add_argument("--cpu", type=float, default=1.0, help="seconds of CPU that each takes")
    parser.add_argument("--short", type=int, default=20, help="short jobs, due each second")
    parser.add_argument("--most", type=float, default=120.0, help="seconds after which to give up")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = 10 + options.warm_up + options.runs * options.cpu
    return float(each * options.rounds * len(EXECUTORS))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each executor in turn, round after round."""

    def one(executor: str) -> Result:
        with database.scratch() as url:
            prepare(url, "countjobs", [(options.short, EVERY_SECOND)])
            heavy = [EXECUTORS[executor], options.runs, options.cpu]
            return call(ends, url, heavy, options.warm_up, options.threads, options.most)

    def told(result: Result) -> str:
        late = " / ".join(f"{value:,.0f}" for value in result["late"])
        return f"{result['took']:.2f} s, short jobs {late or 'no'} ms late"

    found = in_rounds(options, database, EXECUTORS, one, told)
    return [
        row for name, results in found.items() for row in _rows(name, results, options, database)
    ]


def burn(cpu_seconds: float) -> None:
    """Compute, in Python, for so many seconds of CPU time."""
    end = time.thread_time() + cpu_seconds
    while time.thread_time() < end:
        sum(range(1_000))


def ends(heavy: tuple[str, int, float], warm_up: float, threads: int, most: float) -> Result:
    """In a process of its own: when the last heavy run ended, and how late the short ones were."""
    from benchmarks.contenders.countjobs import Countjobs
    from countjobs.models import Execution

    executor, runs, cpu = heavy
    contender = Countjobs()
    contender.start(threads)
    contender.wait_until_ready()
    # The first run of all waits until the executor has started.
    contender.scheduler.add_job(burn, args=[0.01], executor=executor, id="first")
    first = Execution.objects.filter(job_id="first", finished_at__isnull=False)
    wait_until(first.exists, most, every=0.1)
    instant = math.ceil(time.time() + 1 + warm_up)
    at = datetime.fromtimestamp(instant, UTC)
    for number in range(runs):
        contender.scheduler.add_job(
            burn, "date", run_date=at, args=[cpu], executor=executor, id=f"heavy-{number}"
        )
    ended = Execution.objects.filter(job_id__startswith="heavy-", finished_at__isnull=False)
    wait_until(lambda: ended.count() >= runs, most, every=0.1)
    last = max((run.finished_at.timestamp() for run in ended if run.finished_at), default=math.inf)
    time.sleep(1)  # until the short runs of the last second are there, too
    end = last if ended.count() >= runs else math.inf
    short = Execution.objects.filter(job_id__startswith="countjobs.", started_at__isnull=False)
    late = [
        1000 * run.lateness.total_seconds()
        for run in short.filter(scheduled_at__gte=at)
        if run.lateness is not None and run.scheduled_at.timestamp() <= end
    ]
    told = [percentile(late, percent) for percent in PERCENTS] if late else []
    return {"took": end - instant, "late": told}


def _rows(
    name: str, results: list[Result], options: argparse.Namespace, database: Database
) -> list[Row]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    what = f"{options.runs} runs in {name} that compute for {options.cpu:g} s each, {cores} cores"
    took = Figure([result["took"] for result in results], " s", 2)
    rounds = zip(*(result["late"] for result in results if result["late"]), strict=True)
    late = all_medians([Figure(values, " ms") for values in rounds]) or "none started"
    beside = f"{options.short} short jobs in threads each second beside them"
    return [
        Row(f"{what}: until the last has ended", database.name, str(took)),
        Row(f"{beside}: late by p50 / p95 / p99 / most", database.name, late),
    ]
