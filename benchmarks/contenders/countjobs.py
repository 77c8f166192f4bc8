"""This app, as `runscheduler` sets it up."""

from __future__ import annotations

import logging
import sys

from benchmarks.contenders.base import COUNT, MESSAGES, Contender, Start, batches
from benchmarks.preparing import Groups
from countjobs.executors.output import LineFormatter
from countjobs.history.requests import request_run
from countjobs.management.streams import batched_streams
from countjobs.models import CountJob, Execution
from countjobs.schedulers import create_scheduler


class Countjobs(Contender):
    """Definitions are rows of CountJob; its history tells the rest."""

    def make(self, groups: Groups) -> None:
        """As a program would: in bulk."""
        for batch in batches(groups):
            CountJob.objects.bulk_create(
                CountJob(name=f"job {number}", messages=MESSAGES, count=COUNT, **fields)
                for number, fields in batch
            )

    def start(self, threads: int) -> None:
        """As the command does, but that the loop is in a thread."""
        self._streams = batched_streams()  # for as long as the process lives
        self._streams.__enter__()
        terminal = logging.StreamHandler(sys.stdout)
        terminal.setFormatter(LineFormatter())
        logging.basicConfig(handlers=[terminal], level=logging.INFO, force=True)
        self.scheduler = create_scheduler(background=True, threads=threads)
        self.scheduler.start()

    def is_ready(self) -> bool:
        """Whether it has looked at all definitions."""
        return self.scheduler.mending.is_done

    def recorded(self) -> int:
        """From the history."""
        return Execution.objects.filter(status=Execution.Status.SUCCEEDED).count()

    def starts(self) -> list[Start]:
        """From the history."""
        started = Execution.objects.filter(started_at__isnull=False).order_by()
        return [
            (scheduled_at.timestamp(), started_at.timestamp())
            for scheduled_at, started_at in started.values_list("scheduled_at", "started_at")
            if started_at is not None
        ]

    def ask(self) -> None:
        """Run the first definition now."""
        definition = CountJob.objects.earliest("pk")
        request_run(definition.job_id, definition.name)
