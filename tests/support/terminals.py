"""A terminal that a test can read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """A file that both streams go to. Pytest puts its own in place before each test."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def __call__(self) -> Iterator[None]:
        with (
            self.path.open("w", encoding="utf-8") as file,
            contextlib.redirect_stdout(file),
            contextlib.redirect_stderr(file),
        ):
            yield

    def __str__(self) -> str:
        return self.path.read_text("utf-8")
