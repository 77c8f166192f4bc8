"""Lateness: how long after its fire time a run starts, with many due in the same second."""

from __future__ import annotations

import argparse
import math
import time
from typing import TypedDict

from benchmarks.numbers import Figure, Row, all_medians, percentile
from benchmarks.own_process import call
from benchmarks.preparing import EVERY_SECOND, prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database

PERCENTS = (50, 95, 99, 100)
LAST_SECONDS = 1.5
"""How long the runs of the last second are waited for."""


class Result(TypedDict):
    """Of one round: milliseconds at each of PERCENTS, and how many of the due runs started.

    Where none did, there are no milliseconds.
    """

    late: list[float]
    started: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=500, help="one-second definitions")
    parser.add_argument("--seconds", type=int, default=20, help="how long each is measured")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = 6 + options.warm_up + options.seconds + options.definitions / 500
    return float(each * options.rounds * len(chosen(options, "countjobs", "plain")))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each contender in turn, round after round."""

    def one(name: str) -> Result:
        with database.scratch() as url:
            prepare(url, name, [(options.definitions, EVERY_SECOND)])
            return call(starts, url, name, options.warm_up, options.seconds, options.threads)

    def told(result: Result) -> str:
        late = " / ".join(f"{value:,.0f}" for value in result["late"])
        due = options.definitions * options.seconds
        return f"{late or 'no'} ms late, {result['started'] / due:.0%} of {due:,} started"

    found = in_rounds(options, database, chosen(options, "countjobs", "plain"), one, told)
    return [_row(options, database, found)]


def starts(name: str, warm_up: float, seconds: int, threads: int) -> Result:
    """In a process of its own: the lateness of what started in so many whole seconds."""
    from benchmarks.contenders import contender

    scheduler = contender(name)
    scheduler.start(threads)
    scheduler.wait_until_ready()
    first = math.ceil(time.time() + warm_up)
    end = first + seconds
    time.sleep(end - 1 + LAST_SECONDS - time.time())
    late = [1000 * (at - due) for due, at in scheduler.starts() if first <= due < end]
    told = [percentile(late, percent) for percent in PERCENTS] if late else []
    return {"late": told, "started": len(late)}


def _row(options: argparse.Namespace, database: Database, found: dict[str, list[Result]]) -> Row:
    cells: dict[str, str] = {}
    notes = []
    due = options.definitions * options.seconds
    for name, results in found.items():
        rounds = zip(*(result["late"] for result in results if result["late"]), strict=True)
        figures = [Figure(values, " ms") for values in rounds]
        started = Figure([100 * result["started"] / due for result in results], " %")
        cells[name] = all_medians(figures) or "none started"
        p99 = f"p99 {figures[2]}, " if figures else ""
        notes.append(f"{name}: {p99}{started} of the due runs started")
    what = f"lateness, {options.definitions:,} due each second: p50 / p95 / p99 / most"
    return Row(what, database.name, **cells, note="; ".join(notes))
