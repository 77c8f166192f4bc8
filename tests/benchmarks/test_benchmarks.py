"""The benchmarks work: each runs here with next to nothing to do. The figures mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from benchmarks.__main__ import MEASUREMENTS, _chosen
from benchmarks.numbers import Figure, percentile, ratio
from benchmarks.scratch import Database
from benchmarks.visiting.page_list import PAGES
from benchmarks.visiting.report import Line, Visit, table
from tests.support.paths import ROOT

ALONE = ["--contenders", "countjobs"]
"""To be soon done: that the other contenders work, the other measurements show."""
TINY = {
    "throughput": ["--definitions", "5", "--seconds", "1", *ALONE, "functions"],
    "lateness": ["--definitions", "5", "--seconds", "1"],
    "burst": ["--definitions", "5", "--lead", "15", *ALONE],
    "idle": ["--definitions", "5", "--seconds", "0.1", *ALONE],
    "scale": ["--few", "3", "--many", "5", "--due", "2", "--seconds", "2", *ALONE],
    "heavy": ["--runs", "2", "--cpu", "0.1", "--short", "2", *ALONE],
    "purge": ["--definitions", "3", "--seconds", "2", "--rows", "50", *ALONE],
    "edit": ["--definitions", "3", "--samples", "1", "--most", "1", *ALONE],
}


@pytest.fixture(scope="module")
def running() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All at once: they mostly wait."""
    common = ["--rounds", "1", "--warm-up", "0.1", "--threads", "2"]
    if connection.vendor == "postgresql":
        common += ["--no-sqlite", "--server", os.environ["DATABASE_URL"]]
    else:
        common += ["--server", ""]
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", "benchmarks", name, *common, *options],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, options in TINY.items()
    }
    yield processes
    for process in processes.values():
        process.kill()
        process.communicate()


@pytest.mark.process
@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_measurement_tells_the_machine_and_fills_its_rows(
    name: str, running: dict[str, subprocess.Popen[str]]
) -> None:
    output, progress = running[name].communicate(timeout=150)
    assert running[name].returncode == 0, progress
    assert output.startswith("Machine: ")
    database = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.vendor]
    assert f"{name}, {database}, rounds: 1, about" in progress
    rows = [line.split(" | ") for line in output.splitlines() if f"| {database} |" in line]
    assert rows
    for _, _, countjobs, plain, *_ in rows:
        assert countjobs
        assert plain or ALONE[-1] in TINY[name]
    if "functions" in TINY[name]:
        assert " × countjobs" in output


def benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )


@pytest.mark.process
def test_a_database_is_filled_and_each_page_is_measured_on_it_for_each_person() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the history is made by PostgreSQL itself")
    name = f"test_countjobs_fill_{os.getpid()}"
    sizes = ("--definitions", "10", "--executions", "100")
    made = benchmarks("fill", "--name", name, "--drop", *sizes)
    try:
        assert made.returncode == 0, made.stderr
        assert "100 of 100 executions made" in made.stderr
        shown = benchmarks("pages", "--name", name, "--rounds", "1")
    finally:
        Database(os.environ["DATABASE_URL"]).drop(name)
    assert shown.returncode == 0, shown.stderr
    assert "HTTP 5" not in shown.stdout
    for page in PAGES:
        for role in ("superuser", "viewer"):
            assert f"| {page} | {role} |" in shown.stdout


def test_a_page_that_fails_or_takes_too_long_is_flagged() -> None:
    line = Line("page", "viewer")
    line.add(Visit(200, 0.201, 0.1, 0.007, queries=5, size=12_345))
    assert "over 200 ms" in table([line], most=200)
    assert "over" not in table([line], most=201)
    line.add(Visit(500, 0.001, 0.001))
    assert line.text(200).endswith("| HTTP 500 |")


def test_figures_are_those_of_all_rounds() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, percent) for percent in (0, 50, 95)] == [1, 3, 5]
    assert str(Figure([1300, 900.4, 1000], "/s")) == "1,000/s (900 to 1,300)"
    assert ratio(Figure([30, 10, 20], ""), Figure([8], "")) == "2.5 ×"


def test_all_measures_each_with_its_own_defaults() -> None:
    numbers = {options.name: vars(options).get("definitions") for options in _chosen(["all"])}
    assert numbers.keys() == set(MEASUREMENTS)
    assert numbers["idle"] == 100_000
