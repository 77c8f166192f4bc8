"""What commands that use the database have in common."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error


class DatabaseCommand(BaseCommand):
    """A command that reports a database error in one line; --traceback shows the rest."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """As Django's, checks of migrations included. Raises CommandError for database errors."""
        try:
            return super().execute(*args, **options)
        except Error as error:
            reason = " ".join(str(error).split())
            raise CommandError(f"The database can't be used: {reason}") from error
