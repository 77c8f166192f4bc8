"""Issue 8, line 26: however `quickstart` ends, its scheduler ends, too, and in order.

Line 12: a signal that `nohup` has it ignore stays ignored.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.support.paths import ROOT
from tests.support.waiting import wait_until

pytestmark = pytest.mark.process

COMMAND = (sys.executable, str(ROOT / "manage.py"), "quickstart", "--port", "0")


class Started:
    """A `quickstart`, and the process that reads what it says."""

    def __init__(self, directory: Path, script: str) -> None:
        self.database = directory / "db.sqlite3"
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{self.database}",
            "DJANGO_SETTINGS_MODULE": "project.settings",
        }
        self.shell = subprocess.Popen(
            ["sh", "-c", script, "sh", *COMMAND],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.directory = directory
        self.scheduler = 0
        wait_until(self.find_scheduler, 60, what="for a scheduler")

    def find_scheduler(self) -> bool:
        found = self.ask("SELECT pid FROM countjobs_schedulernode WHERE state = 'running'")
        self.scheduler = found[0][0] if found else 0
        return bool(found)

    def ask(self, sql: str) -> list[tuple[int]]:
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(self.database, timeout=20)) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError:  # not migrated yet
                return []

    def pid_of(self, name: str) -> int:
        """What the script has noted."""
        file = self.directory / name
        wait_until(file.exists, what=f"for {name}")
        return int(file.read_text())

    def assert_all_end_in_order(self) -> None:
        wait_until(lambda: not is_running(self.scheduler), 40, what="for the scheduler's end")
        assert self.ask("SELECT pid FROM countjobs_schedulernode WHERE state = 'stopped'")
        assert not self.ask("SELECT id FROM countjobs_execution WHERE status = 'lost'")

    def clean_up(self) -> None:
        for pid in (self.scheduler, -self.shell.pid):
            with suppress(ProcessLookupError):
                if pid:
                    (os.killpg if pid < 0 else os.kill)(abs(pid), signal.SIGKILL)
        self.shell.wait(20)


def is_running(pid: int) -> bool:
    """Whether it is, and has not merely not been waited for."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Started]]:
    started: list[Started] = []

    def start_it(script: str) -> Started:
        started.append(Started(tmp_path, script))
        return started[-1]

    yield start_it
    for each in started:
        each.clean_up()


PIPED = 'mkfifo out; cat out > seen & echo $! > reader; echo $$ > parent; exec "$@" > out 2>&1'
"""Its output goes through a pipe to somebody else."""
TO_A_FILE = 'echo $$ > parent; exec "$@" > seen 2>&1'


def test_the_reader_of_its_output_ends(start: Callable[[str], Started]) -> None:
    quickstart = start(PIPED)
    os.kill(quickstart.pid_of("reader"), signal.SIGTERM)
    quickstart.assert_all_end_in_order()
    assert quickstart.shell.wait(20) == 0


def test_ctrl_c_ends_the_reader_too(start: Callable[[str], Started]) -> None:
    quickstart = start(PIPED)
    os.kill(quickstart.pid_of("reader"), signal.SIGINT)
    quickstart.shell.send_signal(signal.SIGINT)
    quickstart.assert_all_end_in_order()
    assert quickstart.shell.wait(20) == 0


def test_it_is_killed(start: Callable[[str], Started]) -> None:
    quickstart = start(TO_A_FILE)
    os.kill(quickstart.pid_of("parent"), signal.SIGKILL)
    quickstart.assert_all_end_in_order()


def test_its_terminal_is_closed(start: Callable[[str], Started]) -> None:
    quickstart = start(PIPED)
    os.kill(quickstart.pid_of("reader"), signal.SIGKILL)
    quickstart.shell.send_signal(signal.SIGHUP)
    quickstart.assert_all_end_in_order()
    assert quickstart.shell.wait(20) == 0


def test_line_12_nohup(start: Callable[[str], Started]) -> None:
    quickstart = start(f'trap "" HUP; {TO_A_FILE}')
    for pid in (quickstart.shell.pid, quickstart.scheduler):
        os.kill(pid, signal.SIGHUP)
    count = "SELECT count(*) FROM countjobs_execution WHERE status = 'succeeded'"
    seen = quickstart.ask(count)[0][0]
    wait_until(lambda: quickstart.ask(count)[0][0] > seen + 1, 40, what="for two more runs")
    assert quickstart.shell.poll() is None
    quickstart.shell.send_signal(signal.SIGTERM)
    quickstart.assert_all_end_in_order()
    assert quickstart.shell.wait(20) == 0
