"""`runscheduler`: run what is due until told to stop."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from apscheduler.schedulers import SchedulerNotRunningError
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from countjobs.conf import Conf
from countjobs.management.arguments import seconds, whole
from countjobs.management.database import DatabaseCommand
from countjobs.management.leaving import leave_by, leave_now
from countjobs.management.logs import configure_logging
from countjobs.management.stopping import StopSignals
from countjobs.management.streams import batched_streams
from countjobs.schedulers import create_scheduler
from countjobs.text import counted

_LOOP_CHECK_SECONDS = 1.0


class Command(DatabaseCommand):
    """Run a scheduler."""

    help = (
        "Run enabled definitions and jobs from code when they are due, and requested runs at "
        "once. SIGTERM, SIGINT (Ctrl-C) or SIGHUP stops it: it waits until the started runs have "
        "finished, and exits with 0. A second SIGTERM or SIGINT ends it at once. Any number of "
        "schedulers may share one database."
    )
    requires_migrations_checks = True

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the number of threads and the drain's deadline."""
        conf = Conf.load()
        parser.add_argument(
            "--threads",
            type=whole("threads"),
            default=conf.threads,
            help="How many runs are in progress at the same time (default: %(default)s).",
        )
        parser.add_argument(
            "--drain-timeout",
            type=seconds("drain_seconds"),
            default=conf.drain_seconds,
            metavar="SECONDS",
            help="How many seconds to wait for started runs when told to stop (default: "
            "%(default)s). Runs that take longer are recorded as lost, and the exit status is 1.",
        )

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[Any, Any]:
        """As Django's, and the checks of the database that it runs on."""
        return {**super().get_check_kwargs(options), "databases": [DEFAULT_DB_ALIAS]}

    def handle(
        self, *args: Any, verbosity: int, threads: int, drain_timeout: float, **options: Any
    ) -> None:
        """Run until stopped."""
        with batched_streams():
            configure_logging(verbosity)
            why = self._run_until_stopped(threads, drain_timeout)
        if why:
            # Threads can't be killed, and Python would wait for them.
            leave_now(1, why)

    def _run_until_stopped(self, threads: int, drain_timeout: float) -> str:
        """Returns what kept it from ending well; empty if nothing did."""
        stop = StopSignals()
        try:
            scheduler = create_scheduler(
                background=True, threads=threads, drain_seconds=drain_timeout
            )
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        scheduler.start()
        while not (scheduler.is_worn_out or stop.wait(_LOOP_CHECK_SECONDS)):
            if not scheduler.is_looping and not scheduler.is_worn_out:
                leave_by(time.monotonic() + drain_timeout)
                raise CommandError("The scheduler's loop ended by itself.")
        leave_by(time.monotonic() + drain_timeout)
        with suppress(SchedulerNotRunningError):  # a worn-out one ends by itself
            scheduler.shutdown()
        if scheduler.is_worn_out:
            return "All threads were taken by runs that did not stop."
        left = scheduler.abandoned
        return f"{counted(left, 'run')} did not finish in time." if left else ""
