"""`runjob`: run a definition here and now."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import CommandError, CommandParser

from countjobs.database.primary import rows_of
from countjobs.executors.here import run_here
from countjobs.management.database import DatabaseCommand
from countjobs.management.hold_words import terminal_user
from countjobs.management.logs import configure_logging, show_lines_at_once
from countjobs.models import Execution, JobDefinition
from countjobs.models.kinds import concrete_definitions, definition_key
from countjobs.text import is_encodable, shown, visible, visible_text


class Command(DatabaseCommand):
    """Run one definition in this process."""

    help = (
        "Run a definition here and now, enabled or not, with its output on the terminal. The "
        "run is recorded. The exit status is 1 if the run fails."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the name."""
        parser.add_argument(
            "name", help="A definition's name, or its job id (such as countjobs.countjob:1)."
        )

    def handle(self, *args: Any, name: str, verbosity: int, **options: Any) -> None:
        """Run it. Raises CommandError where no definition, or more than one, has that name."""
        configure_logging(verbosity)
        show_lines_at_once()
        execution = run_here(find_definition(name), requested_by=terminal_user())
        if execution.status != Execution.Status.SUCCEEDED:
            self.stderr.write(visible_text(execution.traceback or execution.error))
            sys.exit(1)


def find_definition(name: str) -> JobDefinition:
    """The definition of a name or a job id. Raises CommandError."""
    # Bytes of a terminal that are no text can't be asked for.
    found = (_by_name(name) or _by_job_id(name)) if is_encodable(name) else []
    match found:
        case [definition]:
            return definition
        case []:
            raise CommandError(f"No definition is called “{shown(name)}”.")
        case _:
            ids = ", ".join(visible(definition.job_id) for definition in found)
            raise CommandError(
                f"More than one definition is called “{shown(name)}”: use one of the ids {ids}."
            )


def _by_name(name: str) -> list[JobDefinition]:
    return [
        definition
        for model in concrete_definitions()
        for definition in rows_of(model).filter(name=name)
    ]


def _by_job_id(job_id: str) -> list[JobDefinition]:
    if (key := definition_key(job_id)) is None:
        return []
    model, pk = key
    return list(rows_of(model).filter(pk=pk))
