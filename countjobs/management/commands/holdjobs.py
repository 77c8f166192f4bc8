"""`holdjobs`: hold all jobs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from countjobs.history.holding import current_hold, hold
from countjobs.management.database import DatabaseCommand
from countjobs.management.hold_words import state_of, terminal_user, told
from countjobs.management.logs import configure_logging


class Command(DatabaseCommand):
    """Hold all jobs."""

    help = (
        "Hold all jobs: schedulers start nothing more, on any machine, until releasejobs. Runs in "
        "progress go on. If all jobs are held already, that hold stays, and is printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the reason, and who holds."""
        parser.add_argument("--reason", required=True, help="Why. All pages of the admin show it.")
        parser.add_argument("--by", default=None, metavar="NAME", help="Who. Default: your user.")

    def handle(
        self, *args: Any, reason: str, by: str | None, verbosity: int, **options: Any
    ) -> None:
        """Hold them. Raises CommandError for a reason or a name that can't be stored."""
        configure_logging(verbosity)
        try:
            is_new = hold(reason, terminal_user() if by is None else by)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if is_new:
            self.stdout.write("All jobs are held. Runs in progress go on.")
        elif held := state_of(current_hold()):
            self.stdout.write(f"All jobs are held already, {told(held)}")
