"""Rounds: each contender in turn, and that several times, so that a busy moment hits all alike."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TypeVar

from benchmarks.own_process import say
from benchmarks.scratch import Database

Result = TypeVar("Result")


def in_rounds(
    options: argparse.Namespace,
    database: Database,
    names: Iterable[str],
    run: Callable[[str], Result],
    told: Callable[[Result], str],
) -> dict[str, list[Result]]:
    """The results of every contender, telling each when it is there."""
    found: dict[str, list[Result]] = {name: [] for name in names}
    for number in range(1, options.rounds + 1):
        for name, results in found.items():
            results.append(run(name))
            which = f"{database.name}, round {number} of {options.rounds}, {name}"
            say(f"  {which}: {told(results[-1])}")
    return found


def chosen(options: argparse.Namespace, *names: str) -> list[str]:
    """Of the contenders of a measurement, those that were asked for."""
    return [name for name in names if name in options.contenders]
