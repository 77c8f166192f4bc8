"""Stand-ins for standard streams, with every method and attribute of a text stream.

Jobs and libraries use more of `sys.stdout` than `write`: `buffer`, `isatty`, `encoding`, `fileno`.
A stand-in answers like the stream that it stands for. If the process has no such stream, it answers
like one that goes nowhere.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO


class StandIn(io.TextIOBase):
    """A text stream in place of another. Subclasses decide where text and bytes go.

    Args:
        stream: What it stands for. None in a process that was started without it.
    """

    __slots__ = ("_bytes", "stream")  # and no __getattr__: thousands of lines a second are written

    def __init__(self, stream: TextIO | None) -> None:
        self.stream = stream
        self._bytes: StandInBuffer | None = None

    def write(self, text: str) -> int:
        """Write text, and return its length. Raises TypeError for anything else."""
        raise NotImplementedError

    def put_bytes(self, data: bytes) -> None:
        """Take in bytes that were written to `buffer`."""
        raise NotImplementedError

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]  # of text
        """Write each of them."""
        for line in lines:
            self.write(line)

    @property
    def buffer(self) -> StandInBuffer:
        """The binary stream below."""
        if self._bytes is None:
            self._bytes = StandInBuffer(self)
        return self._bytes

    def detach(self) -> Any:
        """The binary stream below. This one goes on: others write to it, too."""
        return self.buffer

    def reconfigure(self, **options: Any) -> None:
        """As the stream's own."""
        if (reconfigure := getattr(self.stream, "reconfigure", None)) is not None:
            reconfigure(**options)

    @property
    def encoding(self) -> str:  # type: ignore[override]  # typeshed has it as a field
        """The stream's."""
        return getattr(self.stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # typeshed has it as a field
        """The stream's."""
        return getattr(self.stream, "errors", None) or "strict"

    @property
    def newlines(self) -> Any:  # type: ignore[override]  # typeshed has it as a field
        """The stream's."""
        return getattr(self.stream, "newlines", None)

    @property
    def line_buffering(self) -> bool:
        """The stream's."""
        return getattr(self.stream, "line_buffering", False)

    @property
    def write_through(self) -> bool:
        """The stream's."""
        return getattr(self.stream, "write_through", False)

    @property
    def mode(self) -> str:
        """The stream's."""
        return getattr(self.stream, "mode", "w")

    @property
    def name(self) -> Any:
        """The stream's."""
        return getattr(self.stream, "name", "<nowhere>")

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self.stream is not None and self.stream.isatty()

    def fileno(self) -> int:
        """The stream's. Raises OSError where there is none."""
        return super().fileno() if self.stream is None else self.stream.fileno()

    def flush(self) -> None:
        """As the stream's own."""
        if self.stream is not None:
            self.stream.flush()

    def writable(self) -> bool:
        """It is."""
        return True

    @property
    def closed(self) -> bool:
        """The stream's."""
        return self.stream is not None and self.stream.closed

    def close(self) -> None:
        """Close the stream."""
        if self.stream is not None:
            self.stream.close()

    def __del__(self) -> None:
        """Nothing: the base class would close the stream, which others go on using."""


def not_text(given: object) -> TypeError:
    """The error that Python's own streams raise."""
    return TypeError(f"write() argument must be str, not {type(given).__name__}")


class StandInBuffer(io.BufferedIOBase):
    """The binary stream of a stand-in.

    Bytes and texts stay in the order in which they were written.
    """

    def __init__(self, text: StandIn) -> None:
        self._text = text

    def write(self, data: Any) -> int:
        """Write bytes, and return how many. Raises TypeError for text."""
        if isinstance(data, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        taken = bytes(memoryview(data))
        if taken:
            self._text.put_bytes(taken)
        return len(taken)

    def flush(self) -> None:
        """As the text stream's."""
        self._text.flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return self._text.isatty()

    def fileno(self) -> int:
        """The stream's. Raises OSError where there is none."""
        return self._text.fileno()

    def writable(self) -> bool:
        """It is."""
        return True

    @property
    def closed(self) -> bool:
        """The text stream's."""
        return self._text.closed

    def close(self) -> None:
        """As the text stream's."""
        self._text.close()

    @property
    def raw(self) -> Any:
        """Itself: nothing is kept back here."""
        return self

    def detach(self) -> Any:
        """Itself: nobody takes the stream from the others."""
        return self

    @property
    def mode(self) -> str:
        """As files say it."""
        return "wb"

    @property
    def name(self) -> Any:
        """The text stream's."""
        return self._text.name

    def __del__(self) -> None:
        """Nothing: the base class would close the stream, which others go on using."""


def beneath(stream: Any) -> Any:
    """The process's own stream, whatever stands in for it."""
    while isinstance(stream, StandIn):
        stream = stream.stream
    return stream


def _use_the_process_own_streams() -> None:
    """In a forked child: nobody collects what it prints, and no thread writes it."""
    sys.stdout, sys.stderr = beneath(sys.stdout), beneath(sys.stderr)


os.register_at_fork(after_in_child=_use_the_process_own_streams)
