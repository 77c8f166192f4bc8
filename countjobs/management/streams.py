"""Standard streams whose lines are written together, a moment later.

Each write is a call of the system, for which a thread lets go of the interpreter and then waits to
have it back. A scheduler writes thousands of lines a second: one by one they would cost more than
what they tell of.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, TextIO, cast

from countjobs.lasting import go_on_until

MOMENT_SECONDS = 0.05
MOST_WAITING = 10_000
"""Beyond so many texts whoever writes waits, as for any terminal that doesn't keep up."""


class _Batch(threading.Thread):
    """Texts on their way to their streams, in the order in which they were written."""

    def __init__(self) -> None:
        super().__init__(name="countjobs-streams", daemon=True)
        self._texts: deque[tuple[TextIO, str]] = deque()
        self._something = threading.Event()
        self._writing = threading.Lock()
        self._ended = threading.Event()

    def put(self, stream: TextIO, text: str) -> None:
        self._texts.append((stream, text))
        if self._ended.is_set() or len(self._texts) > MOST_WAITING:
            self.write_all()
        elif not self._something.is_set():
            self._something.set()

    def run(self) -> None:
        go_on_until(lambda: self._ended.wait(MOMENT_SECONDS), self._write_some, "The output")

    def _write_some(self) -> None:
        self._something.wait()
        self._something.clear()
        self.write_all()

    def end(self) -> None:
        """Write what is left; what comes later is written at once."""
        self._ended.set()
        self._something.set()
        self.join()
        self.write_all()

    def write_all(self) -> None:
        with self._writing:
            texts = [self._texts.popleft() for _ in range(len(self._texts))]
            for stream, group in groupby(texts, key=lambda each: each[0]):
                with suppress(OSError, ValueError):  # the terminal is gone: jobs go on
                    stream.write("".join(text for _, text in group))
                    stream.flush()


class _BatchedStream:
    def __init__(self, stream: TextIO, batch: _Batch) -> None:
        self._stream = stream
        self._batch = batch

    def write(self, text: str) -> int:
        self._batch.put(self._stream, text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Nothing: it is written in a moment."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def batched_streams() -> Iterator[None]:
    """Have stdout and stderr batched inside, and all of it written at the end."""
    batch = _Batch()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        each and cast("TextIO", _BatchedStream(each, batch)) for each in before
    )
    batch.start()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        batch.end()
