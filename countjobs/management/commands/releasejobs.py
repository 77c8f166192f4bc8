"""`releasejobs`: release all jobs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from countjobs.history.holding import current_hold, release
from countjobs.management.database import DatabaseCommand
from countjobs.management.hold_words import state_of, terminal_user, told
from countjobs.management.logs import configure_logging


class Command(DatabaseCommand):
    """Release all jobs."""

    help = (
        "Release all jobs that holdjobs or the admin has held. Schedulers catch up at once, as "
        "after a downtime."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add who releases."""
        parser.add_argument("--by", default=None, metavar="NAME", help="Who. Default: your user.")

    def handle(self, *args: Any, by: str | None, verbosity: int, **options: Any) -> None:
        """Release them, and say how they were held."""
        configure_logging(verbosity)
        held = state_of(current_hold())
        if release(terminal_user() if by is None else by) and held:
            self.stdout.write(f"All jobs are released. They were held {told(held)}")
        else:
            self.stdout.write("All jobs are released already.")
