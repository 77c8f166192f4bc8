"""Throughput: runs a second that are recorded, with more due than can be run."""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.numbers import Figure, Row, ratio
from benchmarks.own_process import call_together, say
from benchmarks.preparing import EVERY_SECOND, prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database

OURS = {"countjobs", "functions"}
"""Those that run in several schedulers, and in an executor of one's choice."""
SATURATED = 0.9
"""A contender that records more than this share of what is due could perhaps do more."""
FOR_PLAIN = (500, 4_000)
"""Plain django-apscheduler reads all that is due at once. It is given what suits it better."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=12_000, help="one-second definitions")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    parser.add_argument("--executor", default="default", help="where countjobs runs them")
    parser.add_argument("--schedulers", type=int, default=1, help="countjobs' processes together")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = 3 + options.warm_up + options.seconds + options.definitions / 500
    return float(each * (len(options.contenders) * options.rounds + 2))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each contender in turn, round after round."""
    numbers = dict.fromkeys(
        chosen(options, "countjobs", "functions", "plain", "floor"), options.definitions
    )
    if "plain" in numbers:
        numbers["plain"] = _best_for_plain(options, database)
    found = in_rounds(
        options,
        database,
        numbers,
        lambda name: _one(name, numbers[name], options, database),
        lambda result: f"{result:,.0f}/s",
    )
    figures = {name: Figure(values, "/s") for name, values in found.items()}
    for name, figure in figures.items():
        if figure.median > SATURATED * numbers[name]:
            say(f"  {database.name}, {name} ran all that was due: give it more --definitions")
    return [_row(database, figures, options)]


def _best_for_plain(options: argparse.Namespace, database: Database) -> int:
    """The number of definitions with which plain django-apscheduler records more."""
    numbers: set[int] = {min(number, options.definitions) for number in FOR_PLAIN}
    if len(numbers) == 1:
        return numbers.pop()
    found = {number: _one("plain", number, options, database) for number in sorted(numbers)}
    best = max(found, key=lambda number: found[number])
    told = ", ".join(f"{rate:,.0f}/s with {number:,}" for number, rate in found.items())
    say(f"  {database.name}, plain: {told} definitions; it is given {best:,}")
    return best


def _one(name: str, definitions: int, options: argparse.Namespace, database: Database) -> float:
    times = options.schedulers if name in OURS else 1
    own = {"executor": options.executor} if name in OURS else {}
    with database.scratch() as url:
        prepare(url, name, [(definitions, EVERY_SECOND | own)])
        arguments = (name, options.warm_up, options.seconds, options.threads)
        # Each process counts what all of them have recorded.
        return statistics.mean(call_together(per_second, url, *arguments, times=times))


def per_second(name: str, warm_up: float, seconds: float, threads: int) -> float:
    """In a process of its own: runs a second that are recorded, after a warm-up."""
    from benchmarks.contenders import contender

    scheduler = contender(name)
    scheduler.start(threads)
    scheduler.wait_until_ready()
    time.sleep(warm_up)
    before, began = scheduler.recorded(), time.perf_counter()
    time.sleep(seconds)
    return (scheduler.recorded() - before) / (time.perf_counter() - began)


def _row(database: Database, figures: dict[str, Figure], options: argparse.Namespace) -> Row:
    countjobs, plain, floor = (figures.get(name) for name in ("countjobs", "plain", "floor"))
    functions = figures.get("functions")
    notes = []
    if countjobs and plain:
        notes.append(f"{ratio(countjobs, plain)} plain")
    if countjobs and floor:
        notes.append(f"{ratio(countjobs, floor, 2)} the floor")
    if floor:
        notes.append(f"floor {floor}")
    if functions:
        notes.append(f"functions {functions}")
    if countjobs and functions:
        notes.append(f"functions {ratio(functions, countjobs, 2)} countjobs")
    count = options.schedulers
    together = f", {count} schedulers together" if count > 1 else ""
    if options.executor != "default":
        together += f", in {options.executor}"
    what = f"recorded runs a second{together}"
    return Row(what, database.name, countjobs or "", plain or "", "; ".join(notes))
