"""Where the project serves static files from: the packages, or where they were collected."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.env_names import NAMES
from tests.support.paths import ROOT

SHOW = (
    "from django.conf import settings; print(settings.STATIC_ROOT, settings.WHITENOISE_USE_FINDERS)"
)


def shown(directory: Path, **variables: str) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if name not in NAMES}
    clean |= {"DATABASE_URL": f"sqlite:///{directory / 'db'}", "SECRET_KEY": "0123456789" * 6}
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "shell", "--verbosity=0", "--command", SHOW],
        env=clean | {"DJANGO_SETTINGS_MODULE": "project.settings"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.split()


def test_static_files_are_served_from_the_packages(tmp_path: Path) -> None:
    assert shown(tmp_path) == ["None", "True"]


def test_collected_static_files_are_served_from_their_directory(tmp_path: Path) -> None:
    assert shown(tmp_path, STATIC_ROOT=str(tmp_path)) == [str(tmp_path), "False"]
