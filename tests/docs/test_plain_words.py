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
    "next fire times",
    "stumbled",
    "All executions of",
]
"""As it was once written, in pages, messages, docs and comments."""


OTHER_WORDS = {
    r"executions?": "run",
    r"nodes?|hosts?": "scheduler",
    r"scheduled at|fire dates?|due dates?": "due at, fire time",
    r"begun|began": "started",
    r"lateness of|delay of": "late by",
    r"at the (?:most|least|latest)": "at most, at least",
    r"tell of|tells of|told of": "report, say",
    r"heeds?|reckon\w*|likewise|thereby|in the midst|for want of": "anything plainer",
    r"is (?:said|told|asked) (?:by|whether)": "the active voice",
    r"(?:must|may|can|do|does) neither": "can't",
}
"""What the pages' prose never says, and what it says instead."""


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


def prose(page: Path) -> str:
    """A page without its code, in blocks and within a line, and without its tags and addresses."""
    text = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`|<[^>]*>|\]\([^)]*\)", "", text)


@pytest.mark.parametrize("words", OTHER_WORDS)
def test_the_pages_have_one_word_for_one_thing(words: str) -> None:
    pages = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
    said = re.compile(rf"\b(?:{words})\b", re.IGNORECASE)
    found = {page.name: said.findall(prose(page)) for page in pages}
    assert {name: each for name, each in found.items() if each} == {}


LONGEST_CELL = 220
"""Characters. Longer ones are read better as text below the table."""


def test_no_cell_of_a_table_is_a_paragraph() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        rows = re.findall(r"^\|(.+)\|$", page.read_text(), re.MULTILINE)
        cells = [cell.strip() for row in rows for cell in row.split(" | ")]
        assert [cell for cell in cells if len(cell) > LONGEST_CELL] == [], page.name


LONGEST_SENTENCE = 40
"""Words."""


def test_no_sentence_of_the_pages_is_long() -> None:
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        parts = re.split(r"(?<=[.:;?!])\s|\n\n|\n *(?:[-#|]|\d\.)| \| ", prose(page))
        assert [part for part in parts if len(part.split()) > LONGEST_SENTENCE] == [], page.name


def test_a_noun_is_as_its_number_has_it() -> None:
    assert [counted(n, "run") for n in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]


def test_no_log_and_no_command_says_1_runs() -> None:
    """What is translated says it with `ngettext`; that is not looked at."""
    nouns = "runs|outcomes|jobs|threads|processes|rows|executions"
    said = re.compile(rf"(?:%d|\{{[^{{}}]+\}}) (?:{nouns})\b")
    translated = {"admin", "composing.py"}
    files = [each for each in ROOT.glob("countjobs/**/*.py") if not translated & {*each.parts}]
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert [line for line in lines if said.search(line)] == []
    assert len(lines) > 1_000
