"""The release before this one, as a directory: taken out of git, where this is a clone."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from countjobs import __version__
from tests.support.paths import ROOT

FILE = "countjobs/__init__.py"


def git(*arguments: str) -> bytes:
    """What git says; nothing where it is missing, or this is no clone."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, timeout=60, check=False
        )
    except FileNotFoundError:
        return b""
    return b"" if done.returncode else done.stdout


def version_at(commit: str) -> str:
    """Which version a commit says that it is; empty where it isn't there."""
    found = re.search(r'__version__ = "(.+)"', git("show", f"{commit}:{FILE}").decode())
    return found[1] if found else ""


def last_commit_before() -> str:
    """The last commit that has another version than this one; empty where the history has none."""
    for commit in git("log", "--format=%H", "--", FILE).decode().split():
        parent = f"{commit}^"
        if version_at(commit) == __version__ and version_at(parent) not in {"", __version__}:
            return parent
    return ""


def export(commit: str, directory: Path) -> None:
    """Write the files of a commit into a directory."""
    packed = git("archive", "--format=tar", commit)
    subprocess.run(["tar", "-x", "-C", directory], input=packed, check=True, timeout=60)
