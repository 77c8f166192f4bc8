"""Issue 8, line 49: what the suite lacks is a visible skip, told once with how to get it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.lacking import BROWSER_TESTS, HOW, LACKING, lacks
from tests.support.paths import ROOT

NO_PLAYWRIGHT = "import sys; sys.modules['playwright'] = None"
NO_CHROMIUM = "import shutil; shutil.which = lambda *_, **__: None"
MODULES = ["browser/test_main_job.py", "browser/test_rtl.py", "executors/test_workers.py"]

Suite = Callable[..., str]


@pytest.fixture
def suite(tmp_path: Path) -> Suite:
    """Runs three modules, two of them of browser tests. Returns what is printed."""

    def run(lacking: str, *options: str) -> str:
        # Each interpreter imports it at its start, those that run tests in parallel, too.
        (tmp_path / "sitecustomize.py").write_text(lacking)
        files = [f"tests/{name}" for name in MODULES]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *options, *files],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == ("--nothing-lacks" in options), done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.process
@pytest.mark.parametrize("options", [(), ("-n", "2")], ids=["alone", "in parallel"])
def test_without_playwright_the_suite_passes_and_says_once_how_to_get_it(
    suite: Suite, options: tuple[str, ...]
) -> None:
    said = suite(NO_PLAYWRIGHT, *options)
    assert re.search(r"\d+ passed, \d skipped in", said)
    assert said.count("could not import 'playwright'") == 1
    assert said.count(HOW) == 1


@pytest.mark.process
@pytest.mark.skipif(LACKING != "", reason=LACKING)
def test_without_a_browser_the_suite_passes_and_says_so_once(suite: Suite) -> None:
    said = suite(NO_CHROMIUM)
    assert said.count("there is no chromium on this machine") == 1
    assert HOW not in said


@pytest.mark.process
@pytest.mark.parametrize("lacking", [NO_PLAYWRIGHT, NO_CHROMIUM])
def test_on_request_what_lacks_is_a_failure(suite: Suite, lacking: str) -> None:
    assert "FAILED: something lacks" in suite(lacking, "--nothing-lacks")


def test_the_name_of_a_test_module_is_no_reason() -> None:
    skipped = SimpleNamespace(
        longrepr=("tests/database/test_pgbouncer.py", 1, "Skipped: not on SQLite")
    )
    reporter: Any = SimpleNamespace(stats={"skipped": [skipped]})
    assert not lacks(reporter, {"pgbouncer"})
    assert lacks(reporter, {"not on SQLite"})


def test_only_browser_tests_import_playwright() -> None:
    """Or else a module could not be imported without it."""
    pattern = re.compile(
        r"^ *(?:from|import) (?:playwright|tests\.support\.(?:browsing|looking))", re.MULTILINE
    )
    importing = {
        each for each in ROOT.glob("tests/**/test_*.py") if pattern.search(each.read_text())
    }
    assert importing
    assert {each.parent.name for each in importing} == {BROWSER_TESTS}
