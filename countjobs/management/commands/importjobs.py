"""`importjobs`: definitions from a file, all of them or nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from countjobs.management.database import DatabaseCommand
from countjobs.text import counted, visible
from countjobs.transfer.dry_run import Plan
from countjobs.transfer.dry_run import dry_run as plan_of
from countjobs.transfer.entries import Entry, State
from countjobs.transfer.everything import scope_of_everything
from countjobs.transfer.reading import decode
from countjobs.transfer.saving import NotAppliedError, Order, apply
from countjobs.transfer.scope import Scope
from countjobs.transfer.told import lines_of


class Command(DatabaseCommand):
    """Add and change definitions as a file says."""

    help = (
        "Add and change definitions as a file says that “exportjobs” or the admin has written, in "
        "one transaction. A definition is found by its kind and name. Nothing is deleted. If an "
        "entry is refused, nothing is imported, and the exit status is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file, and how to import it."""
        parser.add_argument("file", metavar="FILE", help="The file; “-” means the standard input.")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Print what would be added, changed and refused, and import nothing.",
        )
        parser.add_argument(
            "--leave-out-refused",
            action="store_true",
            help="Import the other entries if some are refused.",
        )

    def handle(
        self, *args: Any, file: str, dry_run: bool, leave_out_refused: bool, **options: Any
    ) -> None:
        """Import them, and print which. Raises CommandError."""
        scope = scope_of_everything()
        try:
            text = decode(_content(file))
            if dry_run:
                self._show(plan_of(scope, text), leave_out=leave_out_refused)
            else:
                self._import(scope, text, leave_out=leave_out_refused)
        except ValidationError as error:
            raise CommandError(visible(" ".join(error.messages))) from error

    def _show(self, plan: Plan, *, leave_out: bool) -> None:
        self._tell(plan)
        self.stdout.write("This was a dry run: nothing has been changed.")
        if not leave_out and (refused := plan.having(State.REFUSED)):
            raise CommandError(f"Nothing would be imported: {_refused(refused)}")

    def _import(self, scope: Scope, text: str, *, leave_out: bool) -> None:
        order = Order(text)
        while True:
            try:
                plan = apply(scope, order, leave_out=leave_out)
                break
            except NotAppliedError as error:
                if not (leave_out and error.refused.keys() > order.refused.keys()):
                    self._tell(error.plan)
                    refused = _refused(error.plan.having(State.REFUSED))
                    raise CommandError(f"Nothing was imported: {refused}") from error
                # The database has refused one more, which is now left out, too.
                order = Order(text, refused=error.refused)
        self._tell(plan)
        self.stdout.write(f"{counted(len(plan.to_save), 'definition')} imported.")

    def _tell(self, plan: Plan) -> None:
        for line in lines_of(plan):
            self.stdout.write(line)


def _refused(refused: list[Entry]) -> str:
    """Why nothing happens."""
    return f"{counted(len(refused), 'definition')} refused. See --leave-out-refused."


def _content(file: str) -> bytes:
    """The bytes of a file, or of the standard input. Raises CommandError."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise CommandError(f"The file can't be read: {visible(str(error))}") from error
