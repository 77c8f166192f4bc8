"""The benchmarks work: each runs here with next to nothing to do. Its figures mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from django.db import connection

from benchmarks.__main__ import MEASUREMENTS, _chosen
from benchmarks.numbers import Figure, Row, all_medians, percentile, ratio
from tests.support.paths import ROOT

ALONE = ["--contenders", "countjobs"]
"""To be soon done: that the other contenders work, the other measurements show."""
TINY = {
    "throughput": ["--definitions", "5", "--seconds", "1"],
    "lateness": ["--definitions", "5", "--seconds", "1"],
    "burst": ["--definitions", "5", "--lead", "15", *ALONE],
    "idle": ["--definitions", "5", "--seconds", "0.1", *ALONE],
    "scale": ["--few", "3", "--many", "5", "--due", "2", "--seconds", "2", *ALONE],
    "edit": ["--definitions", "3", "--samples", "1", "--most", "1"],
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


def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed() -> None:
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, percent) for percent in (0, 20, 21, 50, 95, 100)] == [
        1,
        1,
        2,
        3,
        5,
        5,
    ]


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_figure_tells_its_median_and_its_spread() -> None:
    assert str(Figure([1300, 900.4, 1000], "/s")) == "1,000/s (900 to 1,300)"
    assert str(Figure([0.123], " s", 2)) == "0.12 s"


def test_a_ratio_is_one_of_medians_and_none_to_nothing() -> None:
    assert ratio(Figure([30, 10, 20], ""), Figure([8], "")) == "2.5 ×"
    assert ratio(Figure([1], ""), Figure([0], "")) == "–"


def test_medians_share_their_unit() -> None:
    assert all_medians([Figure([1, 2, 3], " ms"), Figure([4], " ms")]) == "2 / 4 ms"


def test_a_row_leaves_empty_what_was_not_measured() -> None:
    assert str(Row("what", "SQLite", countjobs=1)) == "| what | SQLite | 1 |  |  |"


def test_all_measures_each_with_its_own_defaults() -> None:
    chosen = _chosen(["all", "--rounds", "5"])
    assert {options.name for options in chosen} == set(MEASUREMENTS)
    assert {options.rounds for options in chosen} == {5}
    numbers = {options.name: vars(options).get("definitions") for options in chosen}
    assert numbers["idle"] == 100_000
    assert numbers["lateness"] == 500
