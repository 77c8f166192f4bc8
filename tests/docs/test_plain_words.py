"""Issue 8, line 39: plain words, and a number's noun as its number has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from countjobs.text import counted
from tests.support.paths import ROOT

WRITTEN = [
    "Neither lost runs count",
    "claimed and not begun is run by another",
    "is said by Django's permissions",
    "How often is looked",
    "CPU a run",
    "By the time when they were due",
    "Part it",
    "Those that stand so",
    "At the most",
    "its latest run",
    "What it said",
    "Where the schedule counts",
    "A run was asked for",
    "Last heard of",
    "parted by",
]
"""As it was once written, in pages, messages, docs and comments."""


def texts() -> Iterator[Path]:
    """All but migrations, which stay as they are, and this module."""
    yield ROOT / "README.md"
    for directory in ("countjobs", "project", "benchmarks", "docs", "tests"):
        for kind in ("py", "html", "js", "md"):
            for file in ROOT.glob(f"{directory}/**/*.{kind}"):
                if "migrations" not in file.parts and file != Path(__file__):
                    yield file


@pytest.mark.parametrize("words", WRITTEN)
def test_what_can_be_said_plainly_is(words: str) -> None:
    found = [file for file in texts() if words.lower() in file.read_text().lower()]
    assert found == []


def test_a_noun_is_as_its_number_has_it() -> None:
    assert [counted(n, "run") for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


def test_no_log_and_no_command_says_1_runs() -> None:
    """What is translated says it with `ngettext`; that is not looked at."""
    nouns = "runs|outcomes|jobs|threads|processes|rows|executions"
    said = re.compile(rf"(?:%d|\{{[^{{}}]+\}}) (?:{nouns})\b")
    files = [file for file in ROOT.glob("countjobs/**/*.py") if "admin" not in file.parts]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert [line for line in lines if said.search(line)] == []
    assert len(lines) > 1_000
