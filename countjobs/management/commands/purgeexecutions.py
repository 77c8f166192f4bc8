"""`purgeexecutions`: delete old history."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from countjobs.conf import Conf
from countjobs.history.purge import purge


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10**9:
        raise ArgumentTypeError(f"must be a whole number above 0, not {text!r}")
    return int(text)


class Command(BaseCommand):
    """Delete old executions."""

    help = (
        "Delete executions that ended long ago, and of each job those beyond a number of newer "
        "ones. What is queued or running stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the two bounds."""
        conf = Conf.load()
        parser.add_argument(
            "--days",
            type=_count,
            default=conf.keep_days,
            help="Delete what was due longer ago than this (default: %(default)s).",
        )
        parser.add_argument(
            "--keep",
            type=_count,
            default=conf.keep_per_job,
            metavar="N",
            help="Keep at the most the newest N of each job (default: %(default)s).",
        )

    def handle(self, *args: Any, days: int, keep: int, **options: Any) -> None:
        """Delete, and say how many."""
        deleted = purge(timezone.now(), days=days, keep=keep)
        self.stdout.write(f"{deleted} executions deleted.")
