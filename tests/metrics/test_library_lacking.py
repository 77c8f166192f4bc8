"""Issue 13, line 3: without prometheus-client a check says so, and everything else works."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.own_settings import own_settings
from tests.support.paths import ROOT

PROGRAM = """
import sys
sys.modules["prometheus_client"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if "prometheus" in name else find(name, *rest)
import django
django.setup()
from django.core.checks import run_checks
from django.urls import NoReverseMatch, reverse
print([each.id for each in run_checks(tags=["countjobs"])])
print(reverse("countjobs:health"))
try:
    reverse("countjobs:metrics")
except NoReverseMatch:
    print("no metrics")
"""


@pytest.mark.process
def test_a_check_says_that_it_is_missing(tmp_path: Path) -> None:
    environment = {**os.environ, **own_settings(tmp_path, "")}
    environment["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{ROOT}"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines() == ["['countjobs.E050']", "/health/", "no metrics"], done.stderr
