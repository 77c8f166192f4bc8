"""What the machine lacks is told once: the browser tests are left out together, with the reason.

Optional packages are those of tests/requirements.txt. How to get them is said once, too, however
many modules are skipped for want of one (`pytest.importorskip`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

BROWSER_TESTS = "browser"
"""The folder that they are in; no other test may import Playwright."""

NEEDED = ("playwright", "axe_playwright_python")
HOW = "pip install -r tests/requirements.txt"

CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The browser. Its headless shell, a package of its own, has no windows and is a third faster."""

_MISSING = "could not import"  # as importorskip says it
_PACKAGES = {_MISSING}
_PROGRAMS = {"chromium", "on this machine", "pgbouncer"}
"""What the reasons say."""


def reason() -> str:
    """Why there can be no browser tests here; empty where there can."""
    for name in NEEDED:
        if find_spec(name) is None:
            return f"Browser tests: {_MISSING} '{name}'"
    return "" if CHROMIUM else "Browser tests: there is no chromium on this machine"


LACKING = reason()

pytest_plugins = (
    () if LACKING else ("tests.support.browsing.fixtures", "tests.support.browsing.page_visits")
)


class LeftOut(pytest.Module):
    """A module that isn't imported. All skip at the same line, so pytest says it once."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        pytest.skip(LACKING, allow_module_level=True)


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> LeftOut | None:
    if LACKING and module_path.parent.name == BROWSER_TESTS:
        left_out: LeftOut = LeftOut.from_parent(parent, path=module_path)
        return left_out
    return None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--nothing-lacks",
        action="store_true",
        help="fail where a test was skipped for want of a package or a program",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _is_failure(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if lacks(terminalreporter, _PACKAGES):
        terminalreporter.write_line(f"Some tests need optional packages: {HOW}")
    if _is_failure(terminalreporter):
        terminalreporter.write_line("FAILED: something lacks, as the skipped tests say.")


def _is_failure(reporter: pytest.TerminalReporter) -> bool:
    is_asked = reporter.config.getoption("--nothing-lacks")
    return bool(is_asked) and lacks(reporter, _PACKAGES | _PROGRAMS)


def lacks(reporter: pytest.TerminalReporter, words: set[str]) -> bool:
    """Whether a test was skipped for a reason that has one of these words."""
    return any(
        word in str(report.longrepr[-1])  # the reason; before it come the file and the line
        for report in reporter.stats.get("skipped", [])
        for word in words
    )
