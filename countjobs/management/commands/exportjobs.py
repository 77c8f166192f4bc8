"""`exportjobs`: all definitions as one file."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from typing import IO, Any

from django.core.management.base import CommandError, CommandParser

from countjobs.management.database import DatabaseCommand
from countjobs.models import JobDefinition
from countjobs.transfer.everything import kinds_by_label, parts_of
from countjobs.transfer.written_files import whole_file


class Command(DatabaseCommand):
    """Write all definitions to a file."""

    help = (
        "Write the definitions of all kinds, with all fields that people may edit, to one file, or "
        "to the standard output. “importjobs” and the admin read it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the file, and what to write."""
        parser.add_argument(
            "file", nargs="?", metavar="FILE", help="Write to this file, which is replaced."
        )
        parser.add_argument(
            "--kind",
            action="append",
            metavar="LABEL",
            help="Only this kind, such as countjobs.countjob. May be given several times.",
        )
        parser.add_argument("--group", metavar="WORD", help="Only the definitions of this group.")

    def handle(
        self,
        *args: Any,
        file: str | None,
        kind: list[str] | None,
        group: str | None,
        **options: Any,
    ) -> None:
        """Write them. Raises CommandError."""
        kinds = _chosen(kind)
        with closing(whole_file(parts_of(kinds, group))) as whole:
            self._put(whole, file)

    def _put(self, whole: IO[bytes], file: str | None) -> None:
        if file is None:
            self._print(whole)
            return
        try:
            with Path(file).open("wb") as target:
                copyfileobj(whole, target)
        except (OSError, ValueError) as error:  # of a name with a NUL
            raise CommandError(f"The file can't be written: {error}") from error

    def _print(self, whole: IO[bytes]) -> None:
        """The file is UTF-8, whatever the terminal is."""
        self.stdout.flush()
        if (buffer := getattr(self.stdout._out, "buffer", None)) is not None:
            copyfileobj(whole, buffer)
            buffer.flush()
        else:
            self.stdout.write(whole.read().decode())


def _chosen(labels: list[str] | None) -> dict[str, type[JobDefinition]]:
    there = kinds_by_label()
    wanted = [label.lower() for label in labels or there]
    if unknown := [label for label in wanted if label not in there]:
        raise CommandError(
            f"There is no kind of definition {unknown[0]!r}. There are: {', '.join(there)}."
        )
    return {label: model for label, model in there.items() if label in wanted}
