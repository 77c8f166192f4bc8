"""Processes that tests start. None outlives its test: whatever is left is killed (conftest.py)."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_REAP_SECONDS = 20
_children: list[subprocess.Popen[bytes]] = []


def spawn(
    command: Sequence[str], *, directory: Path, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a process. What it says is appended to a file."""
    with log.open("ab") as file:
        child = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
        )
    _children.append(child)
    return child


def reap(child: subprocess.Popen[bytes]) -> int:
    """Kill a process, if it lives. Returns its exit status. SIGKILL ends frozen ones, too."""
    if child.poll() is None:
        child.kill()
    return child.wait(_REAP_SECONDS)


def reap_all() -> None:
    """Kill all that are left of those that were started."""
    for child in _children:
        if child.poll() is None:
            child.kill()
    while _children:
        _children.pop().wait(_REAP_SECONDS)
