"""Searches: what a schedule costs to check, to preview and to catch up with, at the worst."""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from time import thread_time
from typing import Any

from benchmarks import machine
from benchmarks.numbers import percentile
from benchmarks.own_process import call, say
from benchmarks.schedules import adversarial, at_random

_NOW = datetime(2026, 11, 22, 10, 0, 2, 500_000, tzinfo=UTC)
_DECADE = timedelta(days=3_652)
_EVERY = 10_000
_COLLECTED = 500
_NO_DATABASE = "sqlite:////dev/null"
"""Nothing is asked of it."""

HEADER = """\
| schedules | what | median | 99.9 % | worst | over the limit |
|---|---|---|---|---|---|"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--random", type=int, default=100_000, help="schedules at random")
    parser.add_argument("--adversarial", type=int, default=1_000, help="schedules that are hard")
    parser.add_argument("--most", type=float, default=20.0, help="ms of CPU: the limit")


def run(options: argparse.Namespace) -> None:
    """Measure in a process of its own, and print a table.

    Milliseconds are of the thread's CPU. Each schedule is met for the first time; the collection of
    garbage is no part of it, nor is what a process does once.
    """
    print(machine.describe([]), flush=True)
    lines = call(measure, _NO_DATABASE, options.random, options.adversarial, options.most)
    print("\n".join([HEADER, *lines]), flush=True)


def measure(random: int, hard: int, most: float) -> list[str]:
    """In a process of its own: the lines of the table."""
    list(_costs({}))
    gc.disable()
    return [
        line
        for title, schedules in (("random", at_random(random)), ("hard", adversarial(hard)))
        for line in _lines(title, schedules, most)
    ]


def _lines(title: str, schedules: Iterator[dict[str, Any]], most: float) -> Iterator[str]:
    costs: dict[str, list[float]] = {}
    worst: dict[str, tuple[float, dict[str, Any]]] = {}
    for number, fields in enumerate(schedules, start=1):
        for what, cost in _costs(fields):
            costs.setdefault(what, []).append(cost)
            if cost > worst.get(what, (0.0, {}))[0]:
                worst[what] = cost, fields
        if number % _COLLECTED == 0:
            gc.collect()
        if number % _EVERY == 0:
            say(f"  {title}: {number:,}")
    for what, found in costs.items():
        over = sum(cost > most for cost in found)
        cells = (f"{percentile(found, percent):.2f} ms" for percent in (50, 99.9, 100))
        yield f"| {len(found):,} {title} | {what} | {' | '.join(cells)} | {over} |"
        say(f"  {title}, {what}, worst: {worst[what]}")


def _costs(fields: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """What is done with a schedule, and the milliseconds that it takes; then all of it."""
    from countjobs.models import CountJob

    definition = CountJob(name="searched", messages={"a": "b"}, **fields)
    total = 0.0
    for what, action in _actions(definition):
        began = thread_time()
        action()
        cost = (thread_time() - began) * 1_000
        total += cost
        yield what, cost
    yield "all of it", total


def _actions(definition: Any) -> Iterator[tuple[str, Callable[[], object]]]:
    from django.core.exceptions import ValidationError

    from countjobs.triggers import due_fires
    from countjobs.triggers.sentences import sentence
    from countjobs.triggers.upcoming import upcoming
    from countjobs.triggers.warnings import schedule_warnings

    def check() -> None:
        with suppress(ValidationError):
            definition.full_clean(validate_unique=False, validate_constraints=False)

    def preview() -> None:
        trigger = definition.trigger()
        sentence(definition.cron)
        schedule_warnings(trigger, _NOW)
        list(upcoming(trigger, _NOW, 10))

    def catch_up() -> None:
        trigger = definition.trigger()
        first = trigger.get_next_fire_time(None, _NOW - _DECADE)
        if first is not None and first <= _NOW:
            due_fires(trigger, first, _NOW, 11)

    def follow() -> None:
        trigger = definition.trigger()
        trigger.get_next_fire_time(_NOW, _NOW)

    yield "check it when it is saved", check
    yield "preview it: ten fire times, sentence, warnings", preview
    yield "the next fire time", follow
    yield "catch up with ten years", catch_up
