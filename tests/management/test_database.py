"""Commands where the database is away, or lacks its tables: one line, and no traceback."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, ProgrammingError, connection

COMMANDS = {
    "runjob": ["a job"],
    "runscheduler": [],
    "schedulerstatus": [],
    "syncjobs": [],
    "purgeexecutions": [],
}


@pytest.mark.django_db
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("error", [OperationalError, ProgrammingError])
def test_a_database_that_can_not_be_used_is_told_in_a_line(
    command: str, error: type[Exception]
) -> None:
    def refuse(*args: object) -> None:
        raise error("it is\n\taway")

    words = "^The database can't be used: it is away$"
    with connection.execute_wrapper(refuse), pytest.raises(CommandError, match=words):
        call_command(command, *COMMANDS[command], skip_checks=True)
