"""The fork server and its workers, as the scheduler's process sees them."""

from __future__ import annotations

import logging
import math
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from itertools import count
from multiprocessing import spawn

from countjobs.executors.messages import (
    END_SECONDS,
    ENDING,
    LENGTH,
    ORDER,
    Setting,
    Verb,
    send,
)
from countjobs.executors.shared_memory import RunMemory, new_file
from countjobs.run_context import Stop

SEND_SECONDS = 60.0
"""How long a process may take to read what is sent to it."""
READY_SECONDS = 60.0
"""How long a worker may take until it can be sent runs: Django has to be loaded first."""
MOST_ANSWER_BYTES = 256 * 1024 * 1024
"""No answer is as long: tracebacks are capped, and outputs are in the shared memory."""
_PROGRAM = (
    "import pickle, sys;"
    "sys.path[:], sys.argv[:] = pickle.load(sys.stdin.buffer);"
    "import django;"
    "django.setup();"
    "from countjobs.executors.fork_server import main;"
    "main(pickle.load(sys.stdin.buffer))"
)


class ForkServer:
    """A fork server's process. It is started at once, and loads Django meanwhile.

    Raises OSError if it can't be started.
    """

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        self._numbers = count(1)
        with theirs:
            setting = Setting(os.getpid(), theirs.fileno(), _levels(), _terminal_level())
            self._process = subprocess.Popen(  # noqa: S603  # our own program
                [os.fsdecode(spawn.get_executable()), *_flags(), "-c", _PROGRAM],
                stdin=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # the terminal's Ctrl-C is for the scheduler
            )
        self._control.settimeout(SEND_SECONDS)
        if (program := self._process.stdin) is not None:
            with suppress(BrokenPipeError), program:  # it has ended already
                pickle.dump((sys.path, sys.argv), program)
                pickle.dump(setting, program)

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def fork(self, output_bytes: int) -> Worker:
        """A new worker, which may not be there yet. Raises OSError."""
        number = next(self._numbers)
        ours, theirs = socket.socketpair()
        with theirs, ExitStack() as undo:
            undo.callback(ours.close)
            memory = new_file(output_bytes)
            undo.callback(os.close, memory)
            ending, told = os.pipe()
            undo.callback(os.close, ending)
            try:
                worker = Worker(self, number, ours, RunMemory(memory), ending)
                self.tell(Verb.FORK, number, theirs.fileno(), memory, told)
            finally:
                os.close(told)
            undo.pop_all()
        return worker

    def tell(self, verb: Verb, number: int = 0, *fds: int) -> None:
        """Tell it what to do. Raises OSError."""
        self._process.send_signal(signal.SIGCONT)  # a job may have suspended it
        with self._lock:
            socket.send_fds(self._control, [ORDER.pack(verb, number)], fds)

    def end(self) -> None:
        """End it, and all its workers."""
        with suppress(OSError):
            self.tell(Verb.END)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS + 1)
        self._process.kill()
        self._process.wait()
        self._control.close()


class Worker:
    """A worker process. One thread at a time uses it; any thread may stop it."""

    def __init__(
        self,
        server: ForkServer,
        number: int,
        connection: socket.socket,
        memory: RunMemory,
        ending: int,
    ) -> None:
        self._server = server
        self._number = number
        self._connection = connection
        self._connection.settimeout(SEND_SECONDS)
        self.memory = memory
        self._ending = ending
        self.exit_code: int | None = None
        """How it ended, as `subprocess` has it; None while it lives, or if nobody knows."""
        self.runs = 0
        """How many it has carried out."""
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._poll.register(ending, select.POLLIN)

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended yet, as far as is known."""
        return self._ending not in {fd for fd, _ in self._poll.poll(0)}

    def is_ready(self) -> bool:
        """Wait until it can be sent runs. False if it has ended instead.

        Raises OSError if it could not even be forked.
        """
        return self._wait(READY_SECONDS) is not None

    def carry_out(self, message: bytes) -> bytes | None:
        """Send a run, and wait for its answer. None if the worker has ended instead.

        A job can write to the socket. What can't be an answer is returned as far as it was read.
        """
        self.runs += 1
        try:
            send(self._connection, message)
        except OSError:
            self.kill()  # it doesn't read
        return self._wait()

    def _wait(self, seconds: float = math.inf) -> bytes | None:
        read = bytearray()
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            ready = {
                fd for fd, _ in self._poll.poll(None if left == math.inf else max(1_000 * left, 0))
            }
            if not ready and time.monotonic() >= deadline:
                self.kill()
                raise OSError(f"A worker process was not ready after {seconds:.0f} s.")
            # The ending last: an answer may have come just before it.
            if self._connection.fileno() in ready:
                part = self._read()
                read += part
                if len(read) >= LENGTH.size:
                    (length,) = LENGTH.unpack(read[: LENGTH.size])
                    if length > MOST_ANSWER_BYTES or len(read) >= LENGTH.size + length:
                        return bytes(read[LENGTH.size :])
                if not part:
                    self._poll.unregister(self._connection)
            elif self._ending in ready:
                self._note_ending()
                return None

    def _read(self) -> bytes:
        try:
            return self._connection.recv(1 << 20)
        except OSError:  # it was killed, and had not read everything
            return b""

    def _note_ending(self) -> None:
        """Note the exit code. Raises OSError if the worker could not be forked."""
        data = os.read(self._ending, ENDING.size)
        if len(data) < ENDING.size:  # the fork server was killed, and its workers with it
            return
        has_run, code = ENDING.unpack(data)
        if not has_run:
            raise OSError(code, os.strerror(code))
        self.exit_code = code

    def stop(self, stop: Stop) -> None:
        """Ask the run to stop, with SIGTERM. What is left after GRACE_SECONDS is killed."""
        self.memory.stop = stop
        self._tell(Verb.STOP)

    def kill(self) -> None:
        """End the process, and those that its jobs have started, with SIGKILL."""
        self._tell(Verb.KILL)

    def retire(self) -> None:
        """Let the process end by itself. What jobs have left behind in it may end first."""
        self._tell(Verb.RETIRE)
        self.close()

    def _tell(self, verb: Verb) -> None:
        with suppress(OSError):  # the fork server is gone, and all workers with it
            self._server.tell(verb, self._number)

    def close(self) -> None:
        """Give it up. It reads the end of file."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self._connection.close()
        os.close(self._ending)
        self.memory.close()


def _flags() -> list[str]:
    """The options that this interpreter was started with."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return flags


def _levels() -> dict[str, int]:
    """The loggers' levels that somebody has set."""
    known = {"": logging.getLogger(), **logging.Logger.manager.loggerDict}
    loggers = {name: each for name, each in known.items() if isinstance(each, logging.Logger)}
    return {name: each.level for name, each in loggers.items() if each.level}


def _terminal_level() -> int | None:
    """The level of the handler that logs to the terminal, if there is one."""
    found = (each for each in logging.getLogger().handlers if type(each) is logging.StreamHandler)
    return next((each.level for each in found), None)
