"""`runscheduler`: run what is due until told to stop."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from apscheduler.schedulers import SchedulerNotRunningError
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS

from countjobs.conf import Conf
from countjobs.endpoints.answers import Answers
from countjobs.endpoints.ports import Address
from countjobs.endpoints.probe_server import ProbeServer
from countjobs.management.arguments import address, seconds, whole
from countjobs.management.database import DatabaseCommand
from countjobs.management.leaving import leave_by, leave_now
from countjobs.management.logs import configure_logging
from countjobs.management.stopping import StopSignals
from countjobs.management.streams import batched_streams
from countjobs.schedulers import create_scheduler
from countjobs.schedulers.loop import BackgroundScheduler
from countjobs.text import counted, in_one_line

logger = in_one_line(logging.getLogger(__name__))

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
        parser.add_argument(
            "--serve",
            type=address,
            metavar="ADDRESS:PORT",
            help="Answer HTTP requests there: /live, /ready and, if the app countjobs.metrics is "
            "installed, /metrics. Who reaches the port may ask. Without an address (:PORT) it "
            "listens on all of this machine's.",
        )

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[Any, Any]:
        """As Django's, and the checks of the database that it runs on."""
        return {**super().get_check_kwargs(options), "databases": [DEFAULT_DB_ALIAS]}

    def handle(
        self,
        *args: Any,
        verbosity: int,
        threads: int,
        drain_timeout: float,
        serve: Address | None,
        **options: Any,
    ) -> None:
        """Run until stopped."""
        with batched_streams():
            configure_logging(verbosity)
            why = self._run_until_stopped(threads, drain_timeout, serve)
        if why:
            # Threads can't be killed, and Python would wait for them.
            leave_now(1, why)

    def _run_until_stopped(self, threads: int, drain_timeout: float, serve: Address | None) -> str:
        """Returns what kept it from ending well; empty if nothing did."""
        stop = StopSignals()
        try:
            scheduler = create_scheduler(
                background=True, threads=threads, drain_seconds=drain_timeout
            )
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        with _answering(scheduler, serve):
            scheduler.start()
            return self._wait_and_end(scheduler, stop, drain_timeout)

    def _wait_and_end(
        self, scheduler: BackgroundScheduler, stop: StopSignals, drain_timeout: float
    ) -> str:
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


@contextmanager
def _answering(scheduler: BackgroundScheduler, serve: Address | None) -> Iterator[None]:
    """Answer requests inside, until the scheduler has drained. Raises CommandError if the port
    can't be had.
    """
    if serve is None:
        yield
        return
    try:
        server = ProbeServer(serve)
    except ValueError as error:
        raise CommandError(str(error)) from error
    answers = Answers(scheduler)
    server.start(answers.answer)
    at = Address(serve.host, server.port)
    logger.info("Listening on %s: %s.", at, ", ".join(answers.paths))
    try:
        yield
    finally:
        server.stop()
