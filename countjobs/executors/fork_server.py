"""The fork server: a process that loads Django once, forks workers, and ends them.

It has one thread and no connection to a database, so a fork of it is sound. It is the parent of all
workers. So it alone can signal their process groups without ever meeting a number that the system
has given to somebody else meanwhile. And it outlives the scheduler by a moment: when the scheduler
is gone, however it ended, nothing of its runs is left.

Signals that end a service (SIGTERM to all processes of its control group, Ctrl-C) are ignored here
and in idle workers: the scheduler says when to end, after its drain.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import socket
import time
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import caches
from django.db import connections

from countjobs.executors import worker_process
from countjobs.executors.messages import (
    END_SECONDS,
    ENDING,
    GRACE_SECONDS,
    ORDER,
    Setting,
    Verb,
)
from countjobs.executors.output import TerminalFormatter

LOOK_SECONDS = 0.25
"""How often to look whether what is left of an ended worker's group has ended, too."""
PARENT_SECONDS = 1.0
"""How often to look whether the scheduler lives, where the kernel doesn't tell."""
_MOST_FDS = 3
_IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(setting: Setting) -> None:
    """Serve a scheduler until its end. In a worker, this returns when the worker is to end."""
    for each in _IGNORED:
        signal.signal(each, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    _log_as(setting)
    connections.close_all()  # an app may have opened one when it was loaded
    caches.close_all()
    gc.collect()
    gc.freeze()  # so that collections in the workers copy less of what they share with us
    fds = _ForkServer(setting).serve()
    if fds is not None:
        worker_process.serve(*fds)


def _log_as(setting: Setting) -> None:
    """Log as the scheduler does, except to its own handlers."""
    for name, level in setting.levels.items():
        logging.getLogger(name).setLevel(level)
    root = logging.getLogger()
    if setting.terminal_level is not None and not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(TerminalFormatter())
        handler.setLevel(setting.terminal_level)
        root.addHandler(handler)


@dataclass
class _Child:
    """A worker. Its process id is that of its group, too."""

    pid: int
    ending: int
    """The pipe on which its ending is told."""
    is_retired: bool = False
    has_ended: bool = False
    kill_at: float | None = None
    """When SIGKILL is sent to its group, by the monotonic clock."""

    def signal(self, signum: int) -> bool:
        """Send a signal to its group. Returns False if there is no such group any more."""
        try:
            os.killpg(self.pid, signum)
        except ProcessLookupError:
            if self.has_ended:
                return False
            os.kill(self.pid, signum)  # it has left its group; it is still our child
        except PermissionError:  # only a process of another user's is left, that a job has started
            return True
        return True


class _ForkServer:
    def __init__(self, setting: Setting) -> None:
        self._control = socket.socket(fileno=setting.control)
        self._scheduler = setting.pid
        self._children: dict[int, _Child] = {}
        self._is_ending = False
        self._poll = select.poll()
        self._poll.register(self._control, select.POLLIN)
        self._wake_r, self._wake_w = os.pipe()
        for fd in (self._wake_r, self._wake_w):
            os.set_blocking(fd, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        self._poll.register(self._wake_r, select.POLLIN)
        self._pidfd: int | None = None
        with suppress(AttributeError, OSError):  # not on this system
            self._pidfd = os.pidfd_open(setting.pid)
            self._poll.register(self._pidfd, select.POLLIN)

    def serve(self) -> tuple[int, int, int] | None:
        """Do what comes. Returns in each worker: its socket, its memory, and our process id.

        None at the end.
        """
        while self._children or not self._is_ending:
            seconds = self._seconds()
            ready = {fd for fd, _ in self._poll.poll(seconds and seconds * 1_000)}
            if self._scheduler_is_gone(ready):
                break
            if self._wake_r in ready:
                os.read(self._wake_r, 4_096)
            if self._control.fileno() in ready:
                try:
                    worker = self._obey()
                except (EOFError, OSError):
                    break
                if worker is not None:
                    return worker
            self._look_after_children()
        for child in self._children.values():
            child.signal(signal.SIGKILL)
        return None

    def _seconds(self) -> float | None:
        """How long to wait at most."""
        now = time.monotonic()
        at = [child.kill_at - now for child in self._children.values() if child.kill_at]
        if any(child.has_ended for child in self._children.values()):
            at.append(LOOK_SECONDS)
        if self._pidfd is None:
            at.append(PARENT_SECONDS)
        return max(min(at), 0.001) if at else None

    def _scheduler_is_gone(self, ready: set[int]) -> bool:
        return self._pidfd in ready or os.getppid() != self._scheduler

    # Orders

    def _obey(self) -> tuple[int, int, int] | None:
        data, fds, _flags, _address = socket.recv_fds(
            self._control, ORDER.size, _MOST_FDS, socket.MSG_WAITALL
        )
        if len(data) < ORDER.size:
            raise EOFError
        verb, number = ORDER.unpack(data)
        if verb == Verb.FORK:
            return self._fork(number, *fds)
        if verb == Verb.END:
            self._end()
        elif (child := self._children.get(number)) is not None:
            self._do(Verb(verb), child)
        return None

    def _do(self, verb: Verb, child: _Child) -> None:
        if verb == Verb.RETIRE:
            child.is_retired = True
        elif verb == Verb.STOP:
            child.kill_at = child.kill_at or time.monotonic() + GRACE_SECONDS
            child.signal(signal.SIGTERM)
            child.signal(signal.SIGCONT)  # or one that was suspended would not notice
        elif verb == Verb.KILL:
            child.kill_at = time.monotonic()
            child.signal(signal.SIGKILL)

    def _end(self) -> None:
        self._is_ending = True
        for child in self._children.values():
            child.is_retired = True
            seconds = 0 if child.has_ended else END_SECONDS
            child.kill_at = min(child.kill_at or float("inf"), time.monotonic() + seconds)

    def _fork(
        self, number: int, worker: int, memory: int, ending: int
    ) -> tuple[int, int, int] | None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            os.write(ending, ENDING.pack(False, error.errno or 0))
            for fd in (worker, memory, ending):
                os.close(fd)
            return None
        if pid == 0:
            self._forget(ending)
            return worker, memory, server
        with suppress(OSError):  # it has ended already
            os.setpgid(pid, pid)
        os.close(worker)
        os.close(memory)
        self._children[number] = _Child(pid, ending)
        return None

    def _forget(self, ending: int) -> None:
        """In a worker: nothing of this is its own."""
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._control.close()
        endings = (child.ending for child in self._children.values() if not child.has_ended)
        for fd in (self._wake_r, self._wake_w, self._pidfd, ending, *endings):
            if fd is not None:
                os.close(fd)

    # Looking after the workers

    def _look_after_children(self) -> None:
        for number, child in list(self._children.items()):
            if not child.has_ended:
                self._reap(child)
            if child.kill_at is not None and time.monotonic() >= child.kill_at:
                child.signal(signal.SIGKILL)  # nothing survives that
                child.kill_at = None
            if child.has_ended and (child.kill_at is None or not child.signal(0)):
                del self._children[number]

    def _reap(self, child: _Child) -> None:
        pid, status = os.waitpid(child.pid, os.WNOHANG)
        if not pid:
            return
        child.has_ended = True
        with suppress(OSError):  # the scheduler doesn't want to know any more
            os.write(child.ending, ENDING.pack(True, os.waitstatus_to_exitcode(status)))
        os.close(child.ending)
        if not child.is_retired and child.kill_at is None:  # it crashed
            child.kill_at = time.monotonic() + GRACE_SECONDS
            child.signal(signal.SIGTERM)
