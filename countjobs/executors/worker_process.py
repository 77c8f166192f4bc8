"""A worker: a process that carries out runs, one after the other, as the scheduler sends them.

It is the leader of a process group of its own, so that whatever its jobs start can be ended with
it. On SIGTERM a run is stopped if the scheduler has said so in the shared memory: StopRun is raised
in it, wherever it is. Any other SIGTERM is ignored. A supervisor may send one to all processes of a
service, and then the scheduler lets its runs end.
"""

from __future__ import annotations

import ctypes
import faulthandler
import io
import multiprocessing
import os
import pickle
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from django.db import connections

from countjobs.executors import stop_signal
from countjobs.executors.calling import call_job
from countjobs.executors.failures import let_go
from countjobs.executors.messages import Answer, receive, send
from countjobs.executors.output import Capture
from countjobs.executors.runs import carry_out
from countjobs.executors.sessions import share_caches
from countjobs.executors.shared_memory import RunMemory, SharedRunContext
from countjobs.history.run_outcome import Outcome
from countjobs.lasting import quietly
from countjobs.models.executions import Status
from countjobs.run_context import Run, StopRun, current
from countjobs.text import describe

_PR_SET_PDEATHSIG = 1
_MOST_ERROR_BYTES = 1024 * 1024


def serve(fd: int, memory: int, server: int) -> None:
    """Carry out runs until the scheduler says that it was the last one, or is gone."""
    _die_with(server)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    _be_the_first_to_go()
    share_caches()
    Capture.install()
    try:
        with socket.socket(fileno=fd) as scheduler:
            _Worker(scheduler, RunMemory(memory)).work()
    finally:
        connections.close_all()
        Capture.remove()


def _die_with(server: int) -> None:
    """Have the kernel kill us if the fork server is killed. Elsewhere, we see the end of file."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # it was faster
        os._exit(1)


def _be_the_first_to_go() -> None:
    """Where memory runs out, have the kernel end this process, or a job's child, before others."""
    with suppress(OSError, ValueError):  # not on this system
        adjustment = Path("/proc/self/oom_score_adj")
        adjustment.write_text(str(min(int(adjustment.read_text()) + 200, 1_000)))


class _Worker:
    """The worker of this process."""

    def __init__(self, scheduler: socket.socket, memory: RunMemory) -> None:
        self._scheduler = scheduler
        self._memory = memory
        self._run: Run | None = None
        self._handler = self._told_to_stop  # one object: each access would make another
        if not faulthandler.is_enabled():
            faulthandler.enable(memory.fd)
        stop_signal.handle(self._handler, memory.fd)

    def work(self) -> None:
        """Say that we are ready, and carry out runs until the end."""
        with suppress(EOFError, OSError):  # the scheduler lets us end, or is gone
            send(self._scheduler, b"")
            while True:
                self._work_on(receive(self._scheduler))

    def _work_on(self, message: bytes) -> None:
        stop_signal.handle(self._handler, self._memory.fd)
        signal.alarm(0)  # of the run before
        outcome = self._carry_out(message)
        answer = Answer(outcome, _error_of(outcome), _has_children())
        let_go(outcome)
        outcome.output = ""  # it is in the shared memory
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the terminal is gone
                stream.flush()
        send(self._scheduler, pickle.dumps(answer))

    def _carry_out(self, message: bytes) -> Outcome:
        try:
            run: Run = pickle.loads(message)  # noqa: S301  # the scheduler's
        except BaseException as error:  # an object of the job's may do anything
            reason = f"A worker process could not load this run: {describe(error)}"
            return Outcome(Status.FAILED, error=reason)
        context = SharedRunContext(run, self._memory)
        self._memory.begin()
        self._run = run
        # From here on a signal is heard. One that came earlier has left its reason.
        if (stop := self._memory.stop) is not None:
            return Outcome(Status(stop.status), error=stop.reason)
        try:
            most_bytes = self._memory.output_bytes
            return carry_out(run, most_bytes, keep_error=True, context=context)
        finally:
            self._run = None

    def _told_to_stop(self, signum: int, frame: FrameType | None) -> None:
        run, stop = self._run, self._memory.stop
        if run is None or stop is None:
            return
        run.stop = stop
        if (interrupt := current.get().interrupt) is not None:
            interrupt()
        elif _is_in_job(frame):
            raise StopRun(stop.reason)


def _is_in_job(frame: FrameType | None) -> bool:
    """Whether a job's code goes on, rather than ours before or after it."""
    while frame is not None:
        if frame.f_code is call_job.__code__:
            return True
        frame = frame.f_back
    return False


def _error_of(outcome: Outcome) -> bytes | None:
    """The error pickled, so that loggers get it. None if it can't be, or is too large."""
    if outcome.raised is None:
        return None
    try:
        data = pickle.dumps(outcome.raised[1])
    except BaseException:  # an error is an object of the job's, and may do anything
        return None
    return data if len(data) <= _MOST_ERROR_BYTES else None


def _has_children() -> bool:
    """Whether processes are left that jobs have started.

    What stops a later run would end them, too: another worker carries that out.
    """
    quietly(multiprocessing.active_children)  # it forgets those that have ended
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except AttributeError:  # macOS has it from Python 3.13 on
        return False
    return True
