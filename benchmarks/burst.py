"""Burst: very many definitions due at one instant, and how long until the last has started."""

from __future__ import annotations

import argparse
import math
import time
from datetime import UTC, datetime
from typing import TypedDict

from benchmarks.numbers import Figure, Row
from benchmarks.own_process import call, say, wait_until
from benchmarks.preparing import prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database


class Result(TypedDict):
    """Of one round: seconds from the instant to the last start, and how many started."""

    took: float
    started: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=10_000, help="due at one instant")
    parser.add_argument("--most", type=float, default=120.0, help="seconds after which to give up")
    parser.add_argument(
        "--lead",
        type=float,
        help="seconds for making the definitions and starting the scheduler, before the instant",
    )


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    few, many = (_lead(options) + took for took in (15.0, options.most))
    taken = {"countjobs": few, "plain": many}
    return float(options.rounds * sum(taken[name] for name in chosen(options, *taken)))


def _lead(options: argparse.Namespace) -> float:
    return float(options.lead or 5 + options.definitions / 200)


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each contender in turn, round after round."""

    def one(name: str, lead: float = _lead(options)) -> Result:
        instant = math.ceil(time.time() + lead)
        with database.scratch() as url:
            prepare(url, name, [(options.definitions, at(instant))])
            arguments = (name, instant, options.definitions, options.most, options.threads)
            result = call(last_start, url, *arguments)
        if result is None:
            say(f"  {name} was not ready in {lead:.0f} s; once more, with twice the lead")
            return one(name, 2 * lead)
        return result

    def told(result: Result) -> str:
        return f"{result['started']:,} started in {result['took']:.2f} s"

    found = in_rounds(options, database, chosen(options, "countjobs", "plain"), one, told)
    cells = {name: _cell(results, options) for name, results in found.items()}
    what = f"{options.definitions:,} due at one instant: until the last has started"
    return [Row(what, database.name, **cells)]


def at(instant: int) -> dict[str, str]:
    """Cron fields of an instant (seconds since 1970): once a year."""
    due = datetime.fromtimestamp(instant, UTC)
    return {name: str(getattr(due, name)) for name in ("month", "day", "hour", "minute", "second")}


def last_start(
    name: str, instant: int, definitions: int, most: float, threads: int
) -> Result | None:
    """In a process of its own: when the last run started. None where the instant is past."""
    from benchmarks.contenders import contender

    scheduler = contender(name)
    scheduler.start(threads)
    left = instant - time.time()
    if left < 0:
        return None
    time.sleep(left)
    wait_until(lambda: scheduler.recorded() >= definitions, most, every=0.5)
    started = [at for due, at in scheduler.starts() if due == instant]
    return {"took": max(started, default=math.inf) - instant, "started": len(started)}


def _cell(results: list[Result], options: argparse.Namespace) -> str:
    least = min(result["started"] for result in results)
    if least < options.definitions:
        return f"{least:,} started in {options.most:.0f} s"
    return str(Figure([result["took"] for result in results], " s", 2))
