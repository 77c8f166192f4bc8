"""What a run prints and logs, kept apart from what others do beside it, and capped.

A run is told from others by its context (contextvars), which a thread does not hand on to threads
that it starts: what those print goes to the terminal only.
"""

from __future__ import annotations

import codecs
import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, TextIO, cast

from countjobs.executors.loggers import ApartLoggers
from countjobs.executors.standins import StandIn, not_text
from countjobs.text import set_in, storable, storable_bytes

LOG_FORMAT = "%(asctime)s %(levelname)s %(message)s"
DATE_FORMAT = "%Y-%m-%d %H:%M:%S"
_MOST_BYTES_A_CHARACTER = len("\\ud800")  # half of a surrogate pair, as it is written out


class CappedText:
    """Text up to a number of UTF-8 bytes. Beyond it head and tail are kept, the cut is marked."""

    def __init__(self, most_bytes: int) -> None:
        self._head_room = most_bytes // 2
        self._tail_room = most_bytes - self._head_room
        self._parts: list[str] = []
        """Text as it came, as long as it certainly fits: most jobs say little."""
        self._parts_room = most_bytes // _MOST_BYTES_A_CHARACTER
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    def write(self, text: str) -> None:
        """Add text. The memory used stays within a few times the cap."""
        self._parts_room -= len(text)
        if self._parts_room >= 0:
            self._parts.append(text)
            return
        self._keep("".join(self._parts))
        self._parts.clear()
        self._keep(text)

    def write_bytes(self, data: bytes, encoding: str) -> None:
        """Add text that comes as bytes. A character may come in two parts."""
        if self._decoder is None:
            self._decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
        self.write(self._decoder.decode(data))

    def _keep(self, text: str) -> None:
        data = storable_bytes(text)
        room = self._head_room - len(self._head)
        self._head += data[:room]
        self._tail += data[room:]
        if len(self._tail) > 2 * self._tail_room:
            self._trim()

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_room
        if excess > 0:
            self._dropped += excess
            del self._tail[:excess]

    def value(self) -> str:
        """What is kept."""
        if self._decoder is not None:
            self.write(self._decoder.decode(b"", final=True))
        if self._parts:
            return storable("".join(self._parts))
        self._trim()
        return _joined(bytes(self._head), bytes(self._tail), self._dropped)

    def so_far(self) -> str:
        """The same for another thread, while this text grows: it may be a moment old.

        Nothing is changed, and nobody waits. Each step is one for Python's interpreter, too; the
        tail is taken before the head, which is full when a tail begins.
        """
        if parts := list(self._parts):
            return storable("".join(parts))
        dropped, tail, head = self._dropped, bytes(self._tail), bytes(self._head)
        excess = max(len(tail) - self._tail_room, 0)
        return _joined(head, tail[excess:], dropped + excess)


def _joined(head: bytes, tail: bytes, dropped: int) -> str:
    if not dropped:
        return (head + tail).decode(errors="ignore")
    # The cuts may fall inside a character.
    start, end = (part.decode(errors="ignore") for part in (head, tail))
    return f"{start}\n[… {dropped:,} bytes cut …]\n{end}"


_output: ContextVar[CappedText | None] = ContextVar("countjobs_output", default=None)


@contextmanager
def captured(most_bytes: int) -> Iterator[CappedText]:
    """Collect what the code inside prints and logs, while `Capture` is installed."""
    text = CappedText(most_bytes)
    Capture.mend()
    token = _output.set(text)
    try:
        yield text
    finally:
        _output.reset(token)


_in_use = threading.local()
"""The stream that each thread has written to last.

`print` doesn't hold on to `sys.stdout` while it writes to it (before Python 3.12.10 and 3.13.3, see
CPython's gh-130163). A tee that a job's redirection has replaced meanwhile would be freed under
those who still print to it, and the interpreter would crash.
"""


class _Tee(StandIn):
    """A standard stream that also writes to the output of the run that writes to it.

    No run fails because the terminal is gone, its disk is full, or it lacks a letter: the run's
    output has it all. And none can close the stream or change it, which others write to.
    """

    __slots__ = ()

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise not_text(text)
        _in_use.stream = self
        if (output := _output.get()) is not None:
            output.write(text)
        try:
            if self.stream is not None:
                self.stream.write(text)
        except Exception:
            if output is None:
                raise
        return len(text)

    def put_bytes(self, data: bytes) -> None:
        if (output := _output.get()) is not None:
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
            if _output.get() is None:
                raise

    def reconfigure(self, **options: Any) -> None:
        if _output.get() is None:
            super().reconfigure(**options)

    @property
    def closed(self) -> bool:
        return _output.get() is None and super().closed

    def close(self) -> None:
        if _output.get() is None:
            super().close()


def _tee(stream: TextIO | None) -> TextIO:
    """A tee of a stream; one that somebody has put back in place is not wrapped again."""
    return cast("TextIO", stream if isinstance(stream, _Tee) else _Tee(stream))


class _OutputHandler(logging.Handler):
    """Writes log records to the output of the run that logs them."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Without the lock of other handlers: what is written to is the run's own."""
        if (output := _output.get()) is None:
            return False
        try:
            output.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)
        return True


class LineFormatter(logging.Formatter):
    """The form of the article's log: the time, the level, the message."""

    def __init__(self) -> None:
        super().__init__(LOG_FORMAT, DATE_FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """As `logging.Formatter` writes it, in half the time: runs log thousands a second."""
        if record.exc_info or record.exc_text or record.stack_info:
            return super().format(record)
        return f"{_second(int(record.created))} {record.levelname} {record.getMessage()}"


class TerminalFormatter(LineFormatter):
    """The same, where names and errors of jobs break no line and colour nothing."""

    def format(self, record: logging.LogRecord) -> str:
        """Further lines are set in: none of them passes for a record of its own."""
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
        """Begin. Each call wants one of `remove`."""
        with cls._lock:
            cls._users += 1
            cls._put_in_place()

    @classmethod
    def mend(cls) -> None:
        """Put back what an earlier run has replaced: by streams or a logging of its own."""
        with cls._lock:
            if cls._users:
                cls._put_in_place()

    @classmethod
    def _put_in_place(cls) -> None:
        sys.stdout, sys.stderr = _tee(sys.stdout), _tee(sys.stderr)
        cls._loggers.attach()

    @classmethod
    def forget(cls) -> None:
        """Begin anew in a forked child: the run and its schedulers are the parent's."""
        cls._lock = threading.Lock()  # another thread may have held it
        cls._users = 0
        cls._loggers.detach()
        _output.set(None)

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
