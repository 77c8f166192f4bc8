"""`purgeexecutions`: delete old history."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.history.purge import purge, purge_others
from countjobs.management.arguments import whole
from countjobs.management.database import DatabaseCommand
from countjobs.text import counted


class Command(DatabaseCommand):
    """Delete old runs."""

    help = (
        "Delete runs that were due too long ago (--days, --days-failures). Of the other runs, keep "
        "only the newest N of each job (--keep N). Queued runs and runs in progress stay. If a "
        "definition has “keep days”, that counts instead of --days and --days-failures."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the bounds."""
        conf = Conf.load()
        parser.add_argument(
            "--days",
            type=whole("keep_days"),
            default=conf.keep_days,
            help="Delete runs that were due more than this many days ago (default: %(default)s).",
        )
        parser.add_argument(
            "--days-failures",
            type=whole("keep_days_failures"),
            default=conf.keep_days_failures,
            metavar="DAYS",
            help="Keep runs that failed for this many days, if that is longer "
            "(default: %(default)s).",
        )
        parser.add_argument(
            "--keep",
            type=whole("keep_per_job"),
            default=conf.keep_per_job,
            metavar="N",
            help="Keep at most the newest N runs of each job (default: %(default)s).",
        )

    def handle(self, *args: Any, days: int, days_failures: int, keep: int, **options: Any) -> None:
        """Delete, and say how many runs there were, and of what else there was."""
        now = timezone.now()
        deleted = purge(now, days=days, days_failures=days_failures, keep=keep)
        self.stdout.write(f"{counted(deleted, 'run')} deleted.")
        for name, count in purge_others(now, days=days):
            if count:
                self.stdout.write(f"{counted(count, name)} deleted.")
