"""Real processes on the test's own database: schedulers that get real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from countjobs.models import SchedulerNode
from tests.support.child_processes import reap, spawn
from tests.support.paths import ROOT
from tests.support.waiting import wait_until


def database_url() -> str:
    """How another process reaches the test's database."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user = quote(settings["USER"])
    password = f":{quote(settings['PASSWORD'])}" if settings["PASSWORD"] else ""
    host = quote(settings["HOST"] or "", safe="")
    return f"postgres://{user}{password}@{host}:{settings['PORT'] or 5432}/{settings['NAME']}"


def start(
    *command: str, log: Path, url: str = "", directory: str = "", **environment: str
) -> subprocess.Popen[bytes]:
    """Start a command of manage.py, of this release or of another's directory. What it says goes
    to a file.
    """
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": url or database_url(),
        "PYTHONUNBUFFERED": "1",
        **environment,
    }
    line = [sys.executable, "manage.py", *command]
    return spawn(line, directory=Path(directory or ROOT), environment=env, log=log)


def run_to_its_end(
    *command: str, log: Path, url: str = "", directory: str = "", **environment: str
) -> None:
    """Run a command of manage.py that must succeed."""
    process = start(*command, log=log, url=url, directory=directory, **environment)
    try:
        status = process.wait(60)
    finally:
        reap(process)
    assert status == 0, read(log)


@contextmanager
def scheduler(
    log: Path, *options: str, url: str = "", directory: str = "", **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A `runscheduler` that lives, ended with SIGTERM (or killed, where it doesn't end)."""
    command = ("runscheduler", *options)
    process = start(*command, log=log, url=url, directory=directory, **environment)
    try:
        wait_until(lambda: is_alive(process), what=lambda: f"for a scheduler:\n{read(log)}")
        yield process
    finally:
        end(process)


def is_alive(process: subprocess.Popen[bytes]) -> bool:
    """Whether a scheduler process has written its row."""
    assert process.poll() is None, "the scheduler has ended"
    return SchedulerNode.objects.filter(pid=process.pid, state="running").exists()


def end(process: subprocess.Popen[bytes], seconds: float = 60) -> int:
    """End a process, with SIGKILL where SIGTERM doesn't do it in time. Returns its exit status."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return ended(process, seconds)


def ended(process: subprocess.Popen[bytes], seconds: float = 60) -> int:
    """The exit status of a process that is about to end; it is killed where it doesn't in time."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return reap(process)


def read(log: Path) -> str:
    """What a process has said so far."""
    return log.read_text() if log.exists() else ""
