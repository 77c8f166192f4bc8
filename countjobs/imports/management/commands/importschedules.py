"""`importschedules`: make definitions of another scheduler's schedules."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import IntegrityError, transaction
from django.utils import timezone

from countjobs.imports.crontab_lines import read_lines
from countjobs.imports.found_schedules import Entries, Entry, How
from countjobs.imports.sources import SOURCES, SourceMissingError
from countjobs.imports.writing import Outcome, write
from countjobs.management.database import DatabaseCommand
from countjobs.text import visible
from countjobs.triggers import zone_names

CRONTAB = "crontab"
_WOULD = {Outcome.MADE: "would be made"}


class Command(DatabaseCommand):
    """Make definitions of what another scheduler runs, and say of the rest why not."""

    help = (
        "Make definitions of the schedules in a crontab, or in the tables of django-celery-beat, "
        "django-q2 or plain django-apscheduler. What comes over runs at the same times as there; "
        "everything else is listed with the reason. What is already there is never changed, so "
        "you can repeat it. The other scheduler's tables and files are only read."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "file", nargs="?", help="The crontab, for --from crontab. “-” is standard input."
        )
        parser.add_argument(
            "--from",
            dest="source",
            required=True,
            choices=[CRONTAB, *SOURCES],
            help="Where the schedules are.",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Print what would be done, and write nothing."
        )
        parser.add_argument(
            "--timezone",
            help="The time zone of schedules that name none. Default: TIME_ZONE. For a crontab, "
            "it should be the zone of the machine that it is from.",
        )
        parser.add_argument(
            "--user-column",
            action="store_true",
            help="The sixth word of each line is a user, as in /etc/crontab and /etc/cron.d.",
        )
        parser.add_argument(
            "--accept-clock-changes",
            action="store_true",
            help="Also import what would run at other times than there when the clock changes.",
        )

    def handle(
        self,
        *args: Any,
        file: str | None,
        source: str,
        dry_run: bool,
        user_column: bool,
        **options: Any,
    ) -> None:
        """Import, in one transaction."""
        zone = options["timezone"] or timezone.get_default_timezone_name()
        if zone not in zone_names():
            raise CommandError(f"There is no time zone “{visible(zone)}”.")
        how = How(timezone.now(), zone, options["accept_clock_changes"])
        if source == CRONTAB:
            entries = read_lines(self._text(file), how, has_users=user_column)
            self.stdout.write(f"Lines without a time zone of their own are read in {zone}.")
        elif file is not None or user_column:
            raise CommandError(f"--from {source} reads tables: it takes no file or --user-column.")
        else:
            entries = SOURCES[source](how)
        self._import(entries, dry_run)

    def _text(self, file: str | None) -> str:
        if file is None:
            raise CommandError("--from crontab needs the file, or “-” for standard input.")
        try:
            return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise CommandError(f"The crontab can't be read: {error}") from error

    def _import(self, entries: Entries, dry_run: bool) -> None:
        counts: Counter[Outcome] = Counter()
        try:
            with transaction.atomic():
                for outcome, entry in write(entries):
                    counts[outcome] += 1
                    self._tell(outcome, entry, dry_run)
                transaction.set_rollback(dry_run)
        except SourceMissingError as error:
            raise CommandError(str(error)) from error
        except IntegrityError as error:
            raise CommandError(
                "Nothing was imported: somebody has just saved a definition of the same name."
            ) from error
        total = ", ".join(
            f"{counts[each]} {_word(each, dry_run)}" for each in Outcome if counts[each]
        )
        self.stdout.write(f"{total or 'No schedules found'}.")
        if dry_run:
            self.stdout.write("This was a dry run: nothing has been written.")

    def _tell(self, outcome: Outcome, entry: Entry, dry_run: bool) -> None:
        made = entry.definition
        became = f" → {type(made)._meta.verbose_name} “{made.name}”" if made is not None else ""
        reason = f": {entry.reason}" if entry.reason else ""
        told = f"{_word(outcome, dry_run)}: {entry.source}{became}{reason}"
        self.stdout.write(visible(told))
        for note in entry.notes:
            self.stdout.write(visible(f"    note: {note}"))


def _word(outcome: Outcome, dry_run: bool) -> str:
    return _WOULD.get(outcome, str(outcome)) if dry_run else str(outcome)
