"""Pages: what each page of the admin takes the server, on a database that `fill` has made."""

from __future__ import annotations

import argparse
import os
from typing import Any

from benchmarks import machine
from benchmarks.own_process import call, say
from benchmarks.scratch import Database
from benchmarks.visiting.report import Line, table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be set."""
    parser.add_argument("--rounds", type=int, default=5, help="after one that warms up")
    parser.add_argument("--most", type=float, default=200.0, help="ms, beyond which is flagged")
    parser.add_argument("--only", default="", help="pages whose names hold this text")


def run(options: argparse.Namespace, database: Database) -> None:
    """Visit the pages in a process of its own, and print the table."""
    print(machine.describe([database]), flush=True)
    before = _load()
    found = call(measure, database.url_of(options.database), options.rounds, options.only)
    print(f"Load: {before} before, {_load()} after")
    print(table([Line(**line) for line in found], options.most), flush=True)


def measure(rounds: int, only: str) -> list[dict[str, Any]]:
    """In a process of its own: the lines of the table."""
    from django.test.utils import override_settings

    from benchmarks.visiting.visits import all_pages, go_round

    with override_settings(ALLOWED_HOSTS=["testserver"], DEBUG=False):
        pages = [page for page in all_pages() if only in page.line.page]
        for number in range(rounds + 1):
            say(f"  round {number} of {rounds}" if number else f"  {len(pages)} pages, warming up")
            go_round(pages, counts=number > 0)
    return [vars(page.line) for page in pages]


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"
