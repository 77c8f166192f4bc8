"""Scale: what a run costs where many definitions are idle, beside where few are."""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import ExitStack

from benchmarks.numbers import Figure, Row, ratio
from benchmarks.own_process import call, say
from benchmarks.preparing import EVERY_SECOND, idle_fields, prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database

TITLES = {"cpu": "CPU of a run", "wall": "time of a run"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--few", type=int, default=1_000, help="definitions in all")
    parser.add_argument("--many", type=int, default=100_000, help="definitions in all")
    parser.add_argument("--due", type=int, default=300, help="of them, due each second")
    parser.add_argument(
        "--plain-due", type=int, default=50, help="the same for plain: what it can keep up with"
    )
    parser.add_argument("--seconds", type=int, default=20, help="how long each is measured")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    made = (options.few + options.many) / 1_000
    each = 2 * (3 + options.warm_up + options.seconds) + made
    return float((made + options.rounds * each) * len(chosen(options, "countjobs", "plain")))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """The definitions are made once; then few and many in turn, round after round."""
    due = {"countjobs": options.due, "plain": options.plain_due}
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        for name in chosen(options, *due):
            for size in (options.few, options.many):
                say(f"  {database.name}, {name}: making {size:,} definitions")
                urls[_key(name, size)] = url = stack.enter_context(database.scratch())
                prepare(url, name, [(due[name], EVERY_SECOND), (size - due[name], idle_fields())])

        def one(key: str) -> dict[str, float]:
            name = key.partition(",")[0]
            return call(cost, urls[key], name, options.warm_up, options.seconds, options.threads)

        found = in_rounds(options, database, urls, one, _told)
    return [_row(title, what, options, database, found) for title, what in TITLES.items()]


def _key(name: str, size: int) -> str:
    return f"{name}, {size:,} definitions"


def _told(result: dict[str, float]) -> str:
    return (
        f"{result['cpu']:.2f} ms of CPU and {result['wall']:.2f} ms a run, {result['rate']:.0f}/s"
    )


def cost(name: str, warm_up: float, seconds: int, threads: int) -> dict[str, float]:
    """In a process of its own: milliseconds of its CPU and of time per run; runs per second.

    The time of a run is that from an instant to its last run's start, over the number of its runs.
    """
    from benchmarks.contenders import contender

    scheduler = contender(name)
    scheduler.start(threads)
    scheduler.wait_until_ready()
    first = math.ceil(time.time() + warm_up + 0.2)
    time.sleep(first - 0.2 - time.time())  # between two seconds there is no run under way
    before, used = scheduler.recorded(), time.process_time()
    time.sleep(first + seconds - 0.2 - time.time())
    used, count = time.process_time() - used, scheduler.recorded() - before
    starts = [start for start in scheduler.starts() if first <= start[0] < first + seconds]
    if not (starts and count):
        raise RuntimeError(f"Nothing ran in {seconds} s.")
    return {"cpu": 1000 * used / count, "wall": _milliseconds(starts), "rate": count / seconds}


def _milliseconds(starts: Iterable[tuple[float, float]]) -> float:
    started = defaultdict(list)
    for due, at in starts:
        started[due].append(at)
    return 1000 * statistics.median((max(ats) - due) / len(ats) for due, ats in started.items())


def _row(
    key: str,
    title: str,
    options: argparse.Namespace,
    database: Database,
    found: dict[str, list[dict[str, float]]],
) -> Row:
    cells: dict[str, str] = {}
    notes = []
    for name in chosen(options, "countjobs", "plain"):
        few, many = (
            Figure([result[key] for result in found[_key(name, size)]], " ms", 2)
            for size in (options.few, options.many)
        )
        cells[name] = f"{few.median:.2f} → {many.median:.2f} ms"
        notes.append(f"{name}: {ratio(many, few, 2)}")
    what = f"{title} with {options.few:,} → {options.many:,} definitions"
    return Row(what, database.name, **cells, note="; ".join(notes))
