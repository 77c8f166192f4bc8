"""What the scheduler, the fork server and the workers send each other."""

from __future__ import annotations

import pickle
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from countjobs.history.run_outcome import Outcome

LENGTH = struct.Struct("!Q")
"""Stands before each message between the scheduler and a worker."""
ORDER = struct.Struct("!BQ")
"""To the fork server: a verb, and the number of a worker."""
ENDING = struct.Struct("!Bi")
"""From the fork server: whether the worker has run at all, and its exit code, or the number of the
error for which it could not be forked."""

GRACE_SECONDS = 5.0
"""How long a process has to end after SIGTERM, before SIGKILL."""
END_SECONDS = 2.0
"""How long idle workers have to end at the end of the scheduler."""


class Verb(IntEnum):
    """What the fork server is told to do."""

    FORK = 1
    """Fork a worker. Its socket, its memory, and the pipe for its ending come along."""
    RETIRE = 2
    """The worker ends by itself. Children of its jobs may go on."""
    STOP = 3
    """Send SIGTERM to the worker's process group, and SIGKILL to what is left of it later."""
    KILL = 4
    """Send SIGKILL to the worker's process group."""
    END = 5
    """All workers end by themselves, and so does the fork server."""


@dataclass(frozen=True)
class Setting:
    """What a fork server needs to know of the scheduler's process."""

    pid: int
    control: int
    """The file descriptor of the socket on which the orders come."""
    levels: dict[str, int]
    """The levels of loggers, by name."""
    terminal_level: int | None
    """The level of the log on the terminal; None if there is none."""


@dataclass(frozen=True)
class Answer:
    """A worker's answer: how a run went. The output is in the shared memory."""

    outcome: Outcome
    error: bytes | None
    """The pickled error, if it can be pickled."""
    retires: bool
    """Whether the worker shouldn't be given another run."""


def send(to: socket.socket, data: bytes) -> None:
    """Send a message. Raises OSError."""
    to.sendall(LENGTH.pack(len(data)) + data)


def receive(of: socket.socket) -> bytes:
    """Wait for a message. Raises EOFError at the end."""
    (length,) = LENGTH.unpack(_exactly(of, LENGTH.size))
    return _exactly(of, length)


def _exactly(of: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        if not (part := of.recv(min(count, 1 << 20))):
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def loaded_answer(data: bytes) -> Answer | None:
    """What a worker answered; None if a job has written something else to its socket."""
    try:
        answer: Any = pickle.loads(data)  # noqa: S301  # a worker's, which runs the same code
    except BaseException:  # anything
        return None
    return answer if isinstance(answer, Answer) else None


def loaded_error(data: bytes | None) -> BaseException | None:
    """An error that a worker sent; None if it can't be loaded here."""
    if data is None:
        return None
    try:
        error: Any = pickle.loads(data)  # noqa: S301  # a worker's, which runs the same code
    except BaseException:  # errors are objects of jobs, and may do anything
        return None
    return error if isinstance(error, BaseException) else None
