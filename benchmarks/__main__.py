"""`python -m benchmarks`: measure, and print medians of rounds with their spread."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from types import ModuleType

from benchmarks import (
    all_jobs,
    burst,
    edit,
    fill,
    heavy,
    idle,
    lateness,
    machine,
    pages,
    purging,
    scale,
    searches,
    throughput,
)
from benchmarks.numbers import HEADER, Row
from benchmarks.own_process import exit_when_told, say
from benchmarks.scratch import Database

MEASUREMENTS: dict[str, ModuleType] = {
    "throughput": throughput,
    "lateness": lateness,
    "burst": burst,
    "idle": idle,
    "scale": scale,
    "edit": edit,
    "heavy": heavy,
    "purge": purging,
}
"""Each module has `add_arguments`, `seconds` (about how long, on one database) and `measure`."""
OF_PAGES: dict[str, ModuleType] = {"fill": fill, "pages": pages, "jobs": all_jobs}
"""What has to do with the admin's pages. Each has `add_arguments` and `run`."""
WITHOUT_DATABASE: dict[str, ModuleType] = {"searches": searches}
"""What needs none. Each has `add_arguments` and `run`."""
ALL = [
    *([name] for name in MEASUREMENTS),
    ["throughput", "--schedulers", "2", "--contenders", "countjobs"],
    ["throughput", "--executor", "processes", "--contenders", "countjobs"],
]
"""What `all` runs, each with the defaults of its own."""
CONTENDERS = ("countjobs", "plain", "floor")
ON_DEMAND = ("functions",)
"""Contenders that are measured only where `--contenders` names them."""


def main(arguments: list[str]) -> None:
    """Parse the options, measure, and print the rows of the table."""
    exit_when_told()
    options = _parser().parse_args(arguments)
    if options.name in OF_PAGES:
        OF_PAGES[options.name].run(options, Database(options.server))
        return
    if options.name in WITHOUT_DATABASE:
        WITHOUT_DATABASE[options.name].run(options)
        return
    databases = _databases(options)
    print(machine.describe(databases), flush=True)
    try:
        rows = [row for each in _chosen(arguments) for row in _measure(each, databases)]
    except subprocess.CalledProcessError as error:
        sys.exit(f"A process of the measurement failed, see above: {error}")
    print("\n".join([HEADER, *map(str, rows)]), flush=True)


def _chosen(arguments: list[str]) -> list[argparse.Namespace]:
    """The options of each measurement that is to be run."""
    name, *others = arguments
    chosen = ALL if name == "all" else [[name]]
    return [_parser().parse_args([*each, *others]) for each in chosen]


def _measure(options: argparse.Namespace, databases: list[Database]) -> list[Row]:
    module = MEASUREMENTS[options.name]
    rows: list[Row] = []
    for database in databases:
        minutes = f"about {module.seconds(options) / 60:.1f} minutes"
        say(f"{options.name}, {database.name}, rounds: {options.rounds}, {minutes}")
        rows += module.measure(options, database)
    return rows


def _databases(options: argparse.Namespace) -> list[Database]:
    found = [Database()] if options.sqlite else []
    return [*found, Database(options.server)] if options.server else found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="name", required=True)
    for name, module in MEASUREMENTS.items():
        command = commands.add_parser(name, help=module.__doc__, description=module.__doc__)
        _add_common(command)
        module.add_arguments(command)
    for name, module in OF_PAGES.items():
        command = commands.add_parser(name, help=module.__doc__, description=module.__doc__)
        _add_database(command)
        module.add_arguments(command)
    for name, module in WITHOUT_DATABASE.items():
        command = commands.add_parser(name, help=module.__doc__, description=module.__doc__)
        module.add_arguments(command)
    _add_common(commands.add_parser("all", help="Every measurement, with its own defaults."))
    return parser


def _add_database(parser: argparse.ArgumentParser) -> None:
    server = _given_server()
    parser.add_argument(
        "--server",
        default=server,
        required=not server,
        help="a PostgreSQL URL, whose user may create databases (default: DATABASE_URL)",
    )
    parser.add_argument(
        "--name", dest="database", default="countjobs_pages", help="of the database"
    )


def _given_server() -> str:
    server = os.environ.get("DATABASE_URL", "")
    return server if server.startswith("postgres") else ""


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=3, help="of each contender")
    parser.add_argument("--threads", type=int, default=10, help="of each scheduler")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before measuring")
    parser.add_argument(
        "--contenders",
        nargs="+",
        choices=(*CONTENDERS, *ON_DEMAND),
        default=CONTENDERS,
        help="which to measure",
    )
    parser.add_argument(
        "--server",
        default=_given_server(),
        help="a PostgreSQL URL, whose user may create databases (default: DATABASE_URL); "
        "without one, SQLite only",
    )
    parser.add_argument("--no-sqlite", dest="sqlite", action="store_false", help="PostgreSQL only")


if __name__ == "__main__":
    main(sys.argv[1:])
