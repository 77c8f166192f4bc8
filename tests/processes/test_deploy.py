"""Issue 13, done when 3: the set-ups of docs/deploy are started, a run is seen, and all ends well.

docs/deploy/try_it.py does it. Its commands and probes are those of the files.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.clusters import binaries
from tests.support.paths import ROOT

pytest.importorskip("yaml")
pytest.importorskip("gunicorn")

SCRIPT = ROOT / "docs/deploy/try_it.py"
DOCKER_SECONDS = 1_500
"""It fetches images and builds one."""

pytestmark = pytest.mark.process


def has_docker() -> bool:
    try:
        done = subprocess.run(["docker", "compose", "ls"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def tried(*options: str, seconds: float = 170) -> str:
    """What the trial says, which must succeed."""
    done = subprocess.run(
        [sys.executable, SCRIPT, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("files", ["compose", "systemd", "kubernetes"])
def test_the_commands_of_the_files_work_by_hand(files: str) -> None:
    if binaries() is None:
        pytest.skip("There is no PostgreSQL on this machine for the trial")
    said = tried("--files", files, "--by-hand")
    assert "succeeded, by" in said
    assert "one of 2 schedulers" in said


@pytest.mark.timeout(DOCKER_SECONDS + 60)
def test_compose_works_where_docker_is() -> None:
    if not has_docker():
        pytest.skip("No Docker daemon answers: compose is tried by hand only")
    assert "one of 2 schedulers" in tried(seconds=DOCKER_SECONDS)
