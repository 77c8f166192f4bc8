"""Where the schedulers of a test log to, and how what they start is known."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.process_marks import marked, new_mark


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "scheduler.log"


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark for the environment of a scheduler. What carries it when the test is over is killed.

    A job in a thread can't be ended, nor what it has started.
    """
    mark = new_mark()
    yield mark
    for pid in marked(mark):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
