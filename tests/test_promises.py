"""The documentation's promises and the tests that are named after them."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"


def test_every_promise_has_a_test_and_every_number_is_a_promise() -> None:
    promised = re.findall(r"^\| (\d\d) \|", PAGE.read_text(), re.MULTILINE)
    text = "\n".join(path.read_text() for path in sorted(TESTS.glob("test_*.py")))
    tested = set(re.findall(r"^def test_promise_(\d\d)_", text, re.MULTILINE))
    assert promised == sorted(tested)
