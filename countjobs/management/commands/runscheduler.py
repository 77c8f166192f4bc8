"""`runscheduler`: run what is due until told to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from django.core.management.base import CommandError, CommandParser

from countjobs.conf import Conf
from countjobs.management.arguments import seconds, whole
from countjobs.management.database import DatabaseCommand
from countjobs.management.logs import configure_logging, show_lines_at_once
from countjobs.schedulers import create_scheduler

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
SWITCH_SECONDS = 0.0005
"""How long a busy thread keeps others from running. At Python's own 5 ms the threads that talk to
the database wait after each answer for as long as jobs are computing: claims come late."""
_LOOP_CHECK_SECONDS = 1.0


class Command(DatabaseCommand):
    """Run a scheduler."""

    help = (
        "Run every enabled definition when it is due, until SIGTERM, SIGINT (Ctrl-C) or SIGHUP; "
        "then let the runs that have begun end, and exit with 0. A second signal exits at once. "
        "Any number of these may run on one database."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the number of threads and the drain's deadline."""
        conf = Conf.load()
        parser.add_argument(
            "--threads",
            type=whole("threads"),
            default=conf.threads,
            help="How many runs go on side by side (default: %(default)s).",
        )
        parser.add_argument(
            "--drain-timeout",
            type=seconds("drain_seconds"),
            default=conf.drain_seconds,
            metavar="SECONDS",
            help="How long to wait, once told to stop, for runs that have begun; what goes on "
            "longer is recorded as lost, and the exit status is 1 (default: %(default)s).",
        )

    def handle(
        self, *args: Any, verbosity: int, threads: int, drain_timeout: float, **options: Any
    ) -> None:
        """Run until stopped."""
        configure_logging(verbosity)
        show_lines_at_once()
        sys.setswitchinterval(SWITCH_SECONDS)
        stop = threading.Event()
        _stop_on_signals(stop)
        scheduler = create_scheduler(background=True, threads=threads, drain_seconds=drain_timeout)
        scheduler.start()
        while not stop.wait(_LOOP_CHECK_SECONDS):
            if not scheduler.is_looping:
                raise CommandError("The scheduler's loop has ended by itself.")
        scheduler.shutdown()
        if scheduler.abandoned:
            # Threads can't be killed, and Python would wait for them.
            self.stderr.write(f"{scheduler.abandoned} runs did not end in time.")
            logging.shutdown()
            self.stdout.flush()
            os._exit(1)


def _stop_on_signals(stop: threading.Event) -> None:
    """The first signal asks for an end, the second is one."""

    def handle(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            os._exit(128 + signum)
        stop.set()

    for each in SIGNALS:
        signal.signal(each, handle)
