"""A run's output and progress in memory that its worker process shares with the scheduler.

The worker writes, and the scheduler reads: while the run goes on, and after it has ended in
whatever way. What was written is there even if the worker was killed a moment later. Nobody waits
for anybody: there is no lock between the two, which a killed process could hold for ever.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import threading
from typing import Any

from countjobs.capped import CappedText, joined
from countjobs.run_context import Run, RunContext, Stop, whole
from countjobs.text import storable_bytes

_HEAD, _WRITING, _WRITTEN, _DONE, _TOTAL, _BEGUN, _STATUS, _REASON = range(8)
"""Which number of the header is which. Each is a whole number of 8 bytes."""
_NUMBERS = 8
_MOST_REASON = 2_000
_STATUS_BYTES = 64
_TEXTS = 8 * _NUMBERS
_OUTPUT = _TEXTS + _STATUS_BYTES + _MOST_REASON
_MOST_FAULT = 16 * 1024


class RunMemory:
    """The memory of one worker process: of the run that goes on in it, or went on there last.

    Args:
        fd: The file that holds it, as `new_file` makes one.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self.size = os.fstat(fd).st_size
        self.bytes = memoryview(mmap.mmap(self.fd, self.size))
        self.numbers = self.bytes[:_TEXTS].cast("q")
        self.output_bytes = self.size - _OUTPUT
        """How much of the output is kept."""
        head = self.output_bytes // 2
        self.head = self.bytes[_OUTPUT : _OUTPUT + head]
        self.tail = self.bytes[_OUTPUT + head :]
        """A ring: what comes after the head is at its position, modulo the ring's length."""

    def close(self) -> None:
        """Give up the file. What is still used of the memory goes on."""
        os.close(self.fd)

    def clear(self) -> None:
        """Make it ready for the next run."""
        for number in range(_NUMBERS):
            self.numbers[number] = 0
        self.progress = None, None

    # The run

    @property
    def has_begun(self) -> bool:
        """Whether the worker has begun with the run: it must not be given to another worker."""
        return self.numbers[_BEGUN] != 0

    def begin(self) -> None:
        """The worker begins."""
        self.numbers[_BEGUN] = 1

    @property
    def progress(self) -> tuple[int | None, int | None]:
        """Done and total, as the job told it."""
        done, total = self.numbers[_DONE], self.numbers[_TOTAL]
        return (None if done < 0 else done), (None if total < 0 else total)

    @progress.setter
    def progress(self, told: tuple[Any, Any]) -> None:
        done, total = map(whole, told)
        self.numbers[_DONE] = -1 if done is None else done
        self.numbers[_TOTAL] = -1 if total is None else total

    @property
    def stop(self) -> Stop | None:
        """Why the run is to stop; None if it isn't."""
        status, reason = self.numbers[_STATUS], self.numbers[_REASON]
        if not status:
            return None
        texts = self.bytes[_TEXTS:_OUTPUT]
        return Stop(_text(texts[:status]), _text(texts[_STATUS_BYTES : _STATUS_BYTES + reason]))

    @stop.setter
    def stop(self, stop: Stop) -> None:
        status = stop.status.encode()[:_STATUS_BYTES]
        reason = storable_bytes(stop.reason)[:_MOST_REASON]
        at = _TEXTS + _STATUS_BYTES
        self.bytes[_TEXTS : _TEXTS + len(status)] = status
        self.bytes[at : at + len(reason)] = reason
        self.numbers[_REASON] = len(reason)
        self.numbers[_STATUS] = len(status)  # last: it says that the rest is there

    @property
    def fault(self) -> str:
        """Where the worker was when it crashed, or was asked to stop, as faulthandler tells it."""
        return os.pread(self.fd, _MOST_FAULT, self.size).decode(errors="replace")


class SharedOutput(CappedText):
    """As `CappedText`, in shared memory.

    Only one process writes: the one that carries out the run. Its threads take turns.
    """

    def __init__(self, memory: RunMemory) -> None:
        super().__init__(len(memory.head) + len(memory.tail))
        self._memory = memory
        self._lock = threading.RLock()  # a handler of signals may print, too
        self._is_over = False

    def write(self, text: str) -> None:
        """Add text. After `value` it is ignored: the memory is the next run's."""
        data = storable_bytes(text)
        with self._lock:
            if not self._is_over:
                self._put(data)

    def _put(self, data: bytes) -> None:
        numbers, head = self._memory.numbers, self._memory.head
        at = numbers[_HEAD]
        if at < len(head):
            end = min(at + len(data), len(head))
            head[at:end] = data[: end - at]
            numbers[_HEAD] = end
            data = data[end - at :]
        if data:
            self._put_in_tail(data)

    def _put_in_tail(self, data: bytes) -> None:
        numbers, tail = self._memory.numbers, self._memory.tail
        room = len(tail)
        end = numbers[_WRITTEN] + len(data)
        # First it is said what is about to be written over, so that nobody reads that.
        numbers[_WRITING] = end
        data = data[-room:]
        at = (end - len(data)) % room
        first = data[: room - at]
        tail[at : at + len(first)] = first
        tail[: len(data) - len(first)] = data[len(first) :]
        numbers[_WRITTEN] = end

    def value(self) -> str:
        """What is kept. Nothing is added after this."""
        if self._decoder is not None:
            self.write(self._decoder.decode(b"", final=True))
        with self._lock:
            self._is_over = True
        return self.so_far()

    def so_far(self) -> str:
        """The same, for any process, while the text grows: it may be a moment old."""
        numbers, tail = self._memory.numbers, self._memory.tail
        room, end = len(tail), max(numbers[_WRITTEN], 0)
        ring = bytes(tail) if end else b""
        begin = min(max(numbers[_WRITING] - room, 0), end)
        at, size = begin % room, min(end - begin, room)
        kept = (ring[at:] + ring[:at])[:size]
        head = bytes(self._memory.head[: max(numbers[_HEAD], 0)])
        # A job could write into the memory what no text has, and no database takes.
        return joined(head, kept, begin).replace("\0", "\\x00")


class SharedRunContext(RunContext):
    """The context of a run whose output and progress are in shared memory."""

    __slots__ = ("_memory",)

    def __init__(self, run: Run, memory: RunMemory) -> None:
        self._memory = memory
        super().__init__(run, SharedOutput(memory))

    @property
    def told(self) -> tuple[Any, Any]:
        """The progress, as the job told it: done, and of how many."""
        return self._memory.progress

    @told.setter
    def told(self, told: tuple[Any, Any]) -> None:
        self._memory.progress = told


def new_file(output_bytes: int) -> int:
    """A file for so much output. It has no name; where the system can do that, no disk holds it."""
    size = _OUTPUT + output_bytes
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("countjobs-run", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, size)
    os.lseek(fd, size, os.SEEK_SET)  # faulthandler writes there
    return fd


def _text(data: memoryview) -> str:
    return bytes(data).decode(errors="replace")
