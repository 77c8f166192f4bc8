"""Real `quickstart` processes for tests: started, read line by line, and surely ended."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.paths import ROOT


class QuickStart:
    """A `manage.py quickstart` on a free port, from a directory that is not the project's."""

    command: Sequence[str | Path] = (ROOT / "manage.py", "quickstart", "--port", "0")

    def __init__(self, database: Path, settings: str, **variables: str) -> None:
        environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{database}",
            "DJANGO_SETTINGS_MODULE": settings,
            **variables,
        }
        self.password_file = database.parent / ".quickstart_password"
        self.process = subprocess.Popen(
            [sys.executable, *self.command],
            cwd=database.parent,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own, which a test can end with all that is in it.
            start_new_session=True,
        )
        self.seen: list[str] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line.rstrip("\n"))

    def wait_for(self, words: str, seconds: float = 60) -> str:
        """The next line with these words. Fails where none comes in time."""
        while True:
            try:
                line = self._lines.get(timeout=seconds)
            except queue.Empty:
                seen = "\n".join(self.seen)
                raise AssertionError(f"no line with {words!r} in:\n{seen}") from None
            self.seen.append(line)
            if words in line:
                return line

    def value(self, label: str) -> str:
        """What the greeting says behind a label; the password, where that is in a file."""
        said = self.wait_for(f"{label}:").partition(":")[2].strip()
        is_there = said.endswith(str(self.password_file))
        return self.password_file.read_text().strip() if is_there else said

    def greeting(self) -> dict[str, str]:
        """Where it is, and who may log in there."""
        return {label: self.value(label) for label in ("Address", "User", "Password")}

    def signal(self, number: int) -> None:
        """Send a signal to the command, and to nothing that it started."""
        self.process.send_signal(number)

    def exit_status(self, seconds: float = 60) -> int:
        """Wait for the end."""
        return self.process.wait(seconds)

    def clean_up(self) -> None:
        """End what is left: first the wish, which the scheduler hears of, then the deed."""
        for attempt in (self.process.terminate, self.process.terminate, self.process.kill):
            if self.process.poll() is None:
                attempt()
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    continue
        self._reader.join(5)


@contextmanager
def quickstart_in(directory: Path, settings: str = "project.settings") -> Iterator[QuickStart]:
    """A quick start with its database in a directory, while it is needed."""
    started = QuickStart(directory / "db.sqlite3", settings)
    try:
        yield started
    finally:
        started.clean_up()
