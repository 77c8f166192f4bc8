"""Collecting what a run prints and logs, apart from the output of other runs.

The context variable of `run_context` tells which run prints. Threads that a job starts don't
inherit it: what they print goes to the terminal only.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TextIO, cast

from countjobs.executors.loggers import ApartLoggers
from countjobs.executors.standins import StandIn, not_text
from countjobs.run_context import RunContext, current
from countjobs.text import set_in

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"


_in_use = threading.local()
"""The stream that each thread has written to last.

`print` doesn't hold on to `sys.stdout` while it writes to it (before Python 3.12.10 and 3.13.3, see
CPython's gh-130163). If a job's redirection replaced a tee meanwhile, the tee would be freed while
others still print to it, and the interpreter would crash.
"""


class _Tee(StandIn):
    """A standard stream that also writes to the output of the run that writes to it.

    No run fails because the terminal is gone, its disk is full, or the terminal's encoding lacks a
    character. The run's output has everything in any case. And no run can close or
    change the stream, because others write to it.
    """

    __slots__ = ()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise not_text(text)
        _in_use.stream = self
        if (output := current.get().output) is not None:
            output.write(text)
        try:
            if self.stream is not None:
                self.stream.write(text)
        except Exception:
            if output is None:
                raise
        return len(text)

    def put_bytes(self, data: bytes) -> None:
        if (output := current.get().output) is not None:
            output.write_bytes(data, self.encoding)
        try:
            if (buffer := getattr(self.stream, "buffer", None)) is not None:
                buffer.write(data)
            elif self.stream is not None:
                self.stream.write(data.decode(self.encoding, "backslashreplace"))
        except Exception:
            if output is None:
                raise

    def flush(self) -> None:
        try:
            super().flush()
        except Exception:
            if current.get().output is None:
                raise

    def reconfigure(self, **options: Any) -> None:
        if current.get().output is None:
            super().reconfigure(**options)

    @property
    def closed(self) -> bool:
        return current.get().output is None and super().closed

    def close(self) -> None:
        if current.get().output is None:
            super().close()


def _tee(stream: TextIO | None) -> TextIO:
    """A tee of a stream. A tee that somebody has put back is not wrapped again."""
    return cast("TextIO", stream if isinstance(stream, _Tee) else _Tee(stream))


class _OutputHandler(logging.Handler):
    """Writes log records to the output of the run that logs them."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Without the lock that handlers use: the output is the run's own."""
        if (output := current.get().output) is None:
            return False
        try:
            output.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)
        return True


class LineFormatter(logging.Formatter):
    """Log lines with the time, the level and the message."""

    def __init__(self) -> None:
        super().__init__(LOG_FORMAT, DATE_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter`, in half the time: runs log thousands of lines a second."""
        if record.exc_info or record.exc_text or record.stack_info:
            return super().format(record)
        return f"{_second(int(record.created))} {record.levelname} {record.getMessage()}"


class TerminalFormatter(LineFormatter):
    """The same, but names and errors of jobs can't break lines or colour them."""

    def format(self, record: logging.LogRecord) -> str:
        """Further lines are indented, so that none passes for a record of its own."""
        return set_in(super().format(record))


@lru_cache(maxsize=8)
def _second(created: int) -> str:
    return time.strftime(DATE_FORMAT, time.localtime(created))


class Capture:
    """Puts the tees and the log handler in place, once for all schedulers of a process."""

    _lock = threading.Lock()
    _users = 0
    _handler = _OutputHandler()
    _handler.setFormatter(LineFormatter())
    _loggers = ApartLoggers(_handler)

    @classmethod
    def install(cls) -> None:
        """Begin. Each call needs one of `remove`."""
        with cls._lock:
            cls._users += 1
            cls._put_in_place()

    @classmethod
    def mend(cls) -> None:
        """Put back what an earlier run has replaced by its own streams or logging."""
        with cls._lock:
            if cls._users:
                cls._put_in_place()

    @classmethod
    def _put_in_place(cls) -> None:
        sys.stdout, sys.stderr = _tee(sys.stdout), _tee(sys.stderr)
        cls._loggers.attach()

    @classmethod
    def forget(cls) -> None:
        """Start over in a forked child: the run's output and the schedulers are the parent's."""
        cls._lock = threading.Lock()  # another thread may have held it
        cls._users = 0
        cls._loggers.detach()
        current.set(RunContext(current.get().run, None))

    @classmethod
    def remove(cls) -> None:
        """End, when nobody else needs it."""
        with cls._lock:
            cls._users -= 1
            if cls._users == 0:
                cls._loggers.detach()
                # Somebody else may have put a stream of their own in place since then.
                if isinstance(sys.stdout, _Tee):
                    sys.stdout = cast("TextIO", sys.stdout.stream)
                if isinstance(sys.stderr, _Tee):
                    sys.stderr = cast("TextIO", sys.stderr.stream)


@contextmanager
def capturing() -> Iterator[None]:
    """Have `Capture` installed for a while."""
    Capture.install()
    try:
        yield
    finally:
        Capture.remove()


os.register_at_fork(after_in_child=Capture.forget)
