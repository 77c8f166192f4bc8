"""Edit to effect: how soon a scheduler does what another process has just saved."""

from __future__ import annotations

import argparse
from typing import TypedDict

from benchmarks.numbers import Figure, Row, all_medians, percentile
from benchmarks.own_process import call
from benchmarks.preparing import idle_fields, prepare
from benchmarks.rounds import chosen, in_rounds
from benchmarks.scratch import Database

PERCENTS = (50, 95, 100)
TITLES = {"run_now": "from “Run now” to the start", "edit": "from an edit to its effect"}


class Result(TypedDict):
    """Of one round: seconds of each sample that had its effect in time; None: there's no such."""

    run_now: list[float] | None
    edit: list[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--definitions", type=int, default=1_000, help="idle ones")
    parser.add_argument("--samples", type=int, default=20, help="of each kind, in a round")
    parser.add_argument("--most", type=float, default=10.0, help="seconds an effect is waited for")


def seconds(options: argparse.Namespace) -> float:
    """About how long it takes on one database."""
    taken = {"countjobs": 10 + 1.5 * options.samples, "plain": 8 + options.most}
    return float(options.rounds * sum(taken[name] for name in chosen(options, *taken)))


def measure(options: argparse.Namespace, database: Database) -> list[Row]:
    """Each contender in turn, round after round."""

    def one(name: str) -> Result:
        with database.scratch() as url:
            prepare(url, name, [(options.definitions, idle_fields())])
            arguments = (options.samples, options.most, options.warm_up, options.threads)
            return call(effects, url, name, *arguments)

    def told(result: Result) -> str:
        return ", ".join(
            f"{title}: {_cell([result], key, options)}" for key, title in TITLES.items()
        )

    found = in_rounds(options, database, chosen(options, "countjobs", "plain"), one, told)
    return [
        Row(
            f"{title}: p50 / p95 / most",
            database.name,
            **{name: _cell(results, key, options) for name, results in found.items()},
        )
        for key, title in TITLES.items()
    ]


def effects(name: str, samples: int, most: float, warm_up: float, threads: int) -> Result:
    """In a process of its own, the editor's; it starts the scheduler in another one."""
    from benchmarks.editors import EDITORS

    run_now, edit = EDITORS[name](samples, most, warm_up, threads)
    return {"run_now": run_now, "edit": edit}


def _cell(results: list[Result], key: str, options: argparse.Namespace) -> str:
    samples = [result["run_now"] if key == "run_now" else result["edit"] for result in results]
    rounds = [values for values in samples if values is not None]
    if not rounds:
        return "–"
    in_time = sum(map(len, rounds))
    asked = options.samples * len(rounds)
    if in_time < asked:
        return f"{in_time} of {asked} within {options.most:.0f} s"
    return all_medians(
        [
            Figure([1000 * percentile(values, percent) for values in rounds], " ms")
            for percent in PERCENTS
        ]
    )
