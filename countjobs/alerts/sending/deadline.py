"""A limit for all that is done with a socket, however slowly the other side goes on."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from types import TracebackType
from typing import Self


class Deadline:
    """Shuts the guarded socket down after so many seconds. A context manager.

    A socket's own timeout begins anew with each byte.
    """

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self.has_passed = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket = None

    def left(self) -> float:
        """How many seconds are left. Raises TimeoutError if none are."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0 or self.has_passed:
            raise TimeoutError
        return seconds

    def guard(self, sock: socket.socket) -> None:
        """Shut this socket down at the end, instead of the one before."""
        with self._lock:
            self._socket = sock
            passed = self.has_passed
        if passed:
            raise TimeoutError

    def _cut(self) -> None:
        with self._lock:
            self.has_passed = True
            if self._socket is not None:
                with suppress(OSError):
                    # Not TLS's own `shutdown`, which changes what the other thread reads with.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
