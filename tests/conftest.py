"""Options of the suite."""

from __future__ import annotations

import pytest

pytest_plugins = "tests.watching"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chaos-seconds", default="40", help="how long the chaos test goes on")
    parser.addoption("--chaos-seed", default="1", help="what the chaos test does, in which order")
