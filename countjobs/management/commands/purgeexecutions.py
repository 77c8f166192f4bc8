"""`purgeexecutions`: delete old history."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.history.purge import purge
from countjobs.management.arguments import whole
from countjobs.management.database import DatabaseCommand
from countjobs.text import counted


class Command(DatabaseCommand):
    """Delete old runs."""

    help = (
        "Delete runs that were due too long ago (--days). Of the other runs, keep only the newest "
        "N of each job (--keep N). Queued runs and runs in progress stay."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the two bounds."""
        conf = Conf.load()
        parser.add_argument(
            "--days",
            type=whole("keep_days"),
            default=conf.keep_days,
            help="Delete runs that were due more than this many days ago (default: %(default)s).",
        )
        parser.add_argument(
            "--keep",
            type=whole("keep_per_job"),
            default=conf.keep_per_job,
            metavar="N",
            help="Keep at most the newest N runs of each job (default: %(default)s).",
        )

    def handle(self, *args: Any, days: int, keep: int, **options: Any) -> None:
        """Delete, and say how many."""
        deleted = purge(timezone.now(), days=days, keep=keep)
        self.stdout.write(f"{counted(deleted, 'run')} deleted.")
