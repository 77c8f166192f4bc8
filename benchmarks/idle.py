"""Idle: what a scheduler costs that has very many definitions, none of which is due."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack

from benchmarks.numbers import Figure, Row
from benchmarks.own_process import call, say, wait_until
from benchmarks.preparing import idle_fields, prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database
from benchmarks.usage import peak_megabytes, resident_megabytes

UNITS = {
    "cpu": (" % of a core", 2),
    "now": (" MB", 0),
    "peak": (" MB", 0),
    "start": (" s", 2),
    "looked": (" s", 0),
}
"""What is measured, its unit, and how many digits after the point say something."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=100_000, help="none of which is due")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long each is measured")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    each = options.definitions / 1_000 + options.rounds * (
        5 + options.warm_up + options.seconds + options.definitions / 1_000
    )
    return float(each * len(chosen(options, "countjobs", "plain")))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """The definitions are made once; then each contender in turn, round after round."""
    names = chosen(options, "countjobs", "plain")
    with ExitStack() as stack:
        urls = {name: stack.enter_context(database.scratch()) for name in names}
        for name, url in urls.items():
            say(f"  {database.name}, {name}: making {options.definitions:,} definitions")
            prepare(url, name, [(options.definitions, idle_fields())])
        arguments = (options.warm_up, options.seconds, options.threads)
        found = in_rounds(
            options, database, names, lambda name: call(cost, urls[name], name, *arguments), _told
        )
    return _rows(options, database, found)


def cost(name: str, warm_up: float, seconds: float, threads: int) -> dict[str, float]:
    """In a process of its own: share of a core in percent, megabytes, and seconds to start.

    The start lasts until the first run starts, which was asked for just before it. What a scheduler
    still does for its start then, beside its loop, is not idleness: its end is waited for.
    """
    from benchmarks.contenders import contender
    from benchmarks.contenders.base import LONGEST_START_SECONDS

    scheduler = contender(name)
    scheduler.ask()
    began = time.time()
    scheduler.start(threads)
    first: list[float] = []

    def has_started() -> bool:
        first[:] = [at for _, at in scheduler.starts() if at >= began]
        return bool(first)

    if not wait_until(has_started, LONGEST_START_SECONDS, every=0.1):
        raise RuntimeError(f"Nothing started within {LONGEST_START_SECONDS:.0f} s.")
    scheduler.wait_until_ready()
    looked = time.time() - began
    time.sleep(warm_up)
    used, clock = time.process_time(), time.perf_counter()
    time.sleep(seconds)
    share = (time.process_time() - used) / (time.perf_counter() - clock)
    memory = {"now": resident_megabytes(), "peak": peak_megabytes()}
    return {"cpu": 100 * share, **memory, "start": min(first) - began, "looked": looked}


def _told(result: dict[str, float]) -> str:
    return ", ".join(
        f"{key} {result[key]:.{digits}f}{unit}" for key, (unit, digits) in UNITS.items()
    )


def _rows(
    options: argparse.Namespace, database: Database, found: dict[str, list[dict[str, float]]]
) -> list[Row]:
    what = f"{options.definitions:,} definitions, none due:"
    titles = {
        "cpu": "CPU",
        "now": "memory",
        "peak": "most memory",
        "start": "start to the first run",
        "looked": "until all were looked at",
    }
    return [
        Row(
            f"{what} {title}",
            database.name,
            **{
                name: str(Figure([result[key] for result in results], *UNITS[key]))
                for name, results in found.items()
            },
        )
        for key, title in titles.items()
    ]
