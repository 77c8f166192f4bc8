"""The documentation's promises and the tests that are named after them."""

from __future__ import annotations

import re

from tests.support.paths import ROOT

PROMISES = [f"{number:02}" for number in (*range(1, 26), 29, 30, 32, 34, 35, 36)]
ROW = re.compile(r"^\| (\d+) \| .+? \| (.+) \|$", re.MULTILINE)
UNBUILT = "**Not built yet:** "


def rows() -> list[tuple[str, str]]:
    """The numbers of the page, and what is done about each."""
    return ROW.findall((ROOT / "docs/promises.md").read_text())


def numbers_of_tests() -> set[str]:
    """The numbers that tests are named after."""
    text = "\n".join(path.read_text() for path in ROOT.glob("tests/**/test_*.py"))
    return set(re.findall(r"^(?:async )?def test_promise_(\w+?)_", text, re.MULTILINE))


def test_every_promise_is_on_the_page_once_and_in_order() -> None:
    assert [number for number, _ in rows()] == PROMISES


def test_a_promise_has_tests_or_is_said_not_to_be_built_yet() -> None:
    built = {number for number, text in rows() if not text.startswith(UNBUILT)}
    assert sorted(built) == sorted(numbers_of_tests())


def test_what_is_not_built_is_marked_in_one_way() -> None:
    marked = [number for number, text in rows() if text.startswith(UNBUILT)]
    assert [number for number, text in rows() if "built yet" in text.lower()] == marked
