"""`python -m benchmarks`: measure, and print medians with their spread."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys

from benchmarks.contenders import CONTENDERS
from benchmarks.databases import scratch_database


def main() -> None:
    """Parse the options, and run the measurement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(required=True)
    throughput = commands.add_parser("throughput", help="recorded runs a second, beside the peer")
    throughput.add_argument("--definitions", type=int, default=500, help="one-second definitions")
    throughput.add_argument("--seconds", type=float, default=10.0, help="how long each is measured")
    throughput.add_argument("--threads", type=int, default=10)
    throughput.add_argument("--rounds", type=int, default=3)
    throughput.add_argument(
        "--server",
        default=os.environ.get("DATABASE_URL"),
        help="a PostgreSQL URL (default: DATABASE_URL); without one, SQLite only",
    )
    throughput.set_defaults(run=measure_throughput)
    options = parser.parse_args()
    options.run(options)


def measure_throughput(options: argparse.Namespace) -> None:
    """Each contender in turn, round after round, on each database."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    servers = {"SQLite": None} | ({"PostgreSQL": options.server} if options.server else {})
    for database, server in servers.items():
        found: dict[str, list[float]] = {name: [] for name in CONTENDERS}
        for number in range(options.rounds):
            for name, results in found.items():
                results.append(_one(name, server, options))
                print(f"  {database} {number + 1}/{options.rounds} {name}: {results[-1]:.0f}/s")
        _report(database, found, options.definitions)


def _one(name: str, server: str | None, options: argparse.Namespace) -> float:
    with scratch_database(server) as url:
        arguments = [name, str(options.definitions), str(options.seconds), str(options.threads)]
        output = subprocess.run(
            [sys.executable, "-m", "benchmarks.contenders", *arguments],
            env={**os.environ, "DATABASE_URL": url, "SECRET_KEY": "benchmark"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
        ).stdout
    per_second: float = json.loads(output)["per_second"]
    return per_second


def _report(database: str, found: dict[str, list[float]], definitions: int) -> None:
    medians = {name: statistics.median(results) for name, results in found.items()}
    for name, results in found.items():
        spread = f"{min(results):.0f} to {max(results):.0f}"
        print(f"{database}, {definitions} definitions: {name} {medians[name]:.0f}/s ({spread})")
    print(f"{database}: countjobs / plain = {medians['countjobs'] / medians['plain']:.1f}")


if __name__ == "__main__":
    main()
