"""The web server and the scheduler, side by side, until something ends them.

Whatever happens (Ctrl-C, a signal, the scheduler's end) is put into one queue, and the main thread
does nothing but wait for the next happening. `SimpleQueue.put` may be called from a signal handler
at any moment; `Event.set` may not: it could wait for a lock that the interrupted thread holds.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import Enum, auto
from importlib import import_module
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import socket
from typing import Any

from django.conf import settings

from countjobs.quickstart.output import when_output_ends
from countjobs.quickstart.tether import start_tethered


class Happening(Enum):
    """What the main thread waits for."""

    ASKED_TO_STOP = auto()
    SCHEDULER_ENDED = auto()
    WEB_SERVER_ENDED = auto()
    OUTPUT_ENDED = auto()
    """Nobody can read what is said any more: a terminal was closed, or the end of a pipe.

    More than one thing may tell of it, a SIGHUP or two among them. So it never is a second wish.
    """


Happenings = SimpleQueue[Happening]

LIMITS = {
    "max_request_body_size": 11 * 1024 * 1024,
    "max_request_header_size": 64 * 1024,
    "connection_limit": 100,
    "channel_timeout": 30,
    "cleanup_interval": 10,
}
"""Bytes and seconds. An import takes files of 10 MB, and its form a little more. Waitress's own
limits are 1 GiB, written to disk for whoever sends it, and two minutes."""

_STOP_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_REQUEST_SECONDS = 5
_LOOK_SECONDS = 0.5


class WebServer:
    """Waitress in a thread of its own, on a socket that already listens."""

    def __init__(
        self, application: Callable[..., Any], listener: socket, happenings: Happenings
    ) -> None:
        from waitress import create_server  # noqa: PLC0415  # the project's, not the app's, need

        self._server = create_server(application, sockets=[listener], threads=8, **LIMITS)
        self._happenings = happenings
        threading.Thread(target=self._run, name="web server", daemon=True).start()

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._happenings.put(Happening.WEB_SERVER_ENDED)

    def close(self) -> None:
        """Accept no more connections. Returns at once."""
        # In the server's own thread, which may be polling the very sockets that this closes.
        self._server.trigger.pull_trigger(self._server.close)

    def finish(self) -> None:
        """Wait, not for long, for the requests that are being answered."""
        self._server.task_dispatcher.shutdown(timeout=_REQUEST_SECONDS)


class SchedulerProcess:
    """`runscheduler` in a process of its own."""

    def __init__(self, command: Sequence[str], happenings: Happenings) -> None:
        # Out of the terminal's reach: Ctrl-C goes to every process of a session's foreground group,
        # and the scheduler would take ours, which follows it, for the second one.
        self._process = start_tethered(command)
        self._happenings = happenings
        threading.Thread(target=self._wait, name="scheduler's end", daemon=True).start()

    def _wait(self) -> None:
        try:
            self._process.wait()
        finally:
            self._happenings.put(Happening.SCHEDULER_ENDED)

    @property
    def exit_status(self) -> int | None:
        """As a shell would give it, None while it runs; of one that a signal ended, negative."""
        return self._process.returncode

    def stop(self) -> None:
        """Ask it to finish the runs that it has begun, and to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


def serve_until_stopped(
    web: WebServer, scheduler: SchedulerProcess, happenings: Happenings, on_stop: Callable[[], None]
) -> Happening:
    """Wait for the first happening, then end both. Returns what happened.

    `on_stop` is called before the waiting for runs to end. A second wish to stop ends it at once.
    """
    when_output_ends(lambda: happenings.put(Happening.OUTPUT_ENDED))
    first = _next(happenings)
    web.close()
    if first is not Happening.SCHEDULER_ENDED:
        try:
            on_stop()
        finally:
            scheduler.stop()
        _await_scheduler(scheduler, happenings, is_wished=first is Happening.ASKED_TO_STOP)
    web.finish()
    return first


def _await_scheduler(
    scheduler: SchedulerProcess, happenings: Happenings, *, is_wished: bool
) -> None:
    while (happening := _next(happenings)) is not Happening.SCHEDULER_ENDED:
        if happening is Happening.ASKED_TO_STOP and is_wished:
            scheduler.kill()
        is_wished = is_wished or happening is Happening.ASKED_TO_STOP


def _next(happenings: Happenings) -> Happening:
    """Wait for what happens next.

    Python looks for signals between two steps of its own. One that comes just before the wait for
    the queue's lock begins would be heeded at its end, so no wait may go on for long. (On Windows
    none is interrupted by Ctrl-C.)
    """
    while True:
        with suppress(Empty):
            return happenings.get(timeout=_LOOK_SECONDS)


@contextmanager
def signals_as_happenings(happenings: Happenings) -> Iterator[None]:
    """While inside, a signal to stop becomes a happening. For the main thread only.

    One that was ignored stays ignored: `nohup` ignores SIGHUP.
    """

    def asked(number: int, _frame: object) -> None:
        is_terminal = signal.Signals(number).name == "SIGHUP"
        happenings.put(Happening.OUTPUT_ENDED if is_terminal else Happening.ASKED_TO_STOP)

    numbers = [getattr(signal, name) for name in _STOP_SIGNALS if hasattr(signal, name)]
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, asked) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def scheduler_command(*options: str) -> list[str]:
    """The command line of `runscheduler` with this process's settings, from whatever directory."""
    module = settings.SETTINGS_MODULE
    file = import_module(module).__file__ or "."
    root = Path(file).resolve().parents[module.count(".")]
    if Path(file).name == "__init__.py":
        root = root.parent
    # -P: what lies in the current directory is not to be imported instead of Django.
    return [
        *(sys.executable, "-P", "-m", "django", "runscheduler"),
        *("--settings", module, "--pythonpath", str(root)),
        *options,
    ]
