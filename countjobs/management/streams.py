"""Standard streams whose lines are written in batches, a moment later.

Each write is a system call: the thread gives up the interpreter, and then waits to get it back. A
scheduler writes thousands of lines a second. Written one by one, they would cost more than the runs
that they report.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import groupby
from typing import Any, TextIO, cast

from countjobs.executors.standins import StandIn, not_text
from countjobs.lasting import go_on_until

MOMENT_SECONDS = 0.05
MOST_WAITING = 10_000
"""If more texts are waiting, writers wait, as for any terminal that doesn't keep up."""
FORK_SECONDS = 1.0
"""How long a fork waits at most for a terminal that doesn't keep up."""


class _Batch(threading.Thread):
    """Texts and bytes on their way to their streams, in the order in which they were written."""

    current: _Batch | None = None
    """The batch of this process's streams."""

    def __init__(self) -> None:
        super().__init__(name="countjobs-streams", daemon=True)
        self._waiting: deque[tuple[Any, Any]] = deque()
        self._something = threading.Event()
        self._writing = threading.Lock()
        self._forking = 0
        """The thread that holds the lock while it forks."""
        self._ended = threading.Event()

    def put(self, stream: Any, data: Any) -> None:
        """Have text written to a stream, or bytes to a binary one."""
        self._waiting.append((stream, data))
        if self._something.is_set():  # as nearly always
            if len(self._waiting) > MOST_WAITING:
                self.write_all()
        elif self._ended.is_set():
            self.write_all()
        else:
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
        self._something.clear()
        self.write_all()

    def write_all(self) -> None:
        with self._writing:
            self._write_waiting()

    def _write_waiting(self) -> None:
        waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
        for stream, group in groupby(waiting, key=lambda each: each[0]):
            parts = [data for _, data in group]
            with suppress(Exception):  # the terminal is gone, or can't: jobs go on
                stream.write(parts[0][:0].join(parts))
                stream.flush()

    # A child must find the streams' own buffers empty and their locks free, and must not write
    # what its parent will.

    def before_fork(self) -> None:
        """Write what waits, and let nobody write until the process has forked."""
        if self._writing.acquire(timeout=FORK_SECONDS):
            self._forking = threading.get_ident()
            self._write_waiting()

    def after_fork(self) -> None:
        """In the parent: go on."""
        if self._forking == threading.get_ident():  # else it did not get the lock
            self._forking = 0
            self._writing.release()

    def after_fork_in_child(self) -> None:
        """The thread is the parent's, and so is what waits. From now on write at once."""
        self._writing = threading.Lock()
        self._something, self._ended = threading.Event(), threading.Event()
        self._ended.set()
        self._waiting.clear()


class _BatchedStream(StandIn):
    __slots__ = ("_batch",)

    stream: TextIO

    def __init__(self, stream: TextIO, batch: _Batch) -> None:
        super().__init__(stream)
        self._batch = batch

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise not_text(text)
        self._batch.put(self.stream, text)
        return len(text)

    def put_bytes(self, data: bytes) -> None:
        if (buffer := getattr(self.stream, "buffer", None)) is not None:
            self._batch.put(buffer, data)
        else:
            self.write(data.decode(self.encoding, "backslashreplace"))

    def flush(self) -> None:
        """Nothing: it is written in a moment."""


@contextmanager
def batched_streams() -> Iterator[None]:
    """Have stdout and stderr batched inside, and all of it written at the end."""
    batch = _Batch.current = _Batch()
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
        _Batch.current = None


def _with_the_batch(step: Callable[[_Batch], None]) -> Callable[[], None]:
    def do() -> None:
        if (batch := _Batch.current) is not None:
            step(batch)

    return do


os.register_at_fork(
    before=_with_the_batch(_Batch.before_fork),
    after_in_parent=_with_the_batch(_Batch.after_fork),
    after_in_child=_with_the_batch(_Batch.after_fork_in_child),
)
