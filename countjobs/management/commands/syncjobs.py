"""`syncjobs`: make the job store agree with the definitions, and those with what code declares."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils import timezone

from countjobs.jobstores.declaring import sync_declared
from countjobs.jobstores.resealing import seal_rows_anew
from countjobs.jobstores.strangers import find_strangers, foreign_note
from countjobs.jobstores.sync import sync
from countjobs.management.database import DatabaseCommand
from countjobs.text import counted, visible


class Command(DatabaseCommand):
    """Make the definitions match what code declares, and the job store the definitions."""

    help = (
        "Make definitions of the schedules that code declares, as “migrate” does. Then make the "
        "job store match the definitions after raw SQL, a restored backup or a new "
        "SECRET_KEY, and print what was corrected. A scheduler does the latter when it starts. "
        "Rows written by another program, or signed with an unknown key, are listed and left as "
        "they are. "
        "Rows signed with a key from SECRET_KEY_FALLBACKS are signed again, with SECRET_KEY, so "
        "that you can remove the old key. Only this command does that."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option."""
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Print what would be done, and do nothing. It is done in a transaction that is "
            "rolled back, so schedulers may wait for it where many rows have to change.",
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Correct definitions and rows, and print which."""
        if not dry_run:
            self._sync()
            return
        with transaction.atomic():
            self._sync()
            transaction.set_rollback(True)
        self.stdout.write("This was a dry run: nothing has been changed.")

    def _sync(self) -> None:
        now = timezone.now()
        declared = sync_declared(now)
        mended = sync(now)
        strangers = find_strangers()
        for line in [*declared, *mended, *map(foreign_note, strangers.foreign)]:
            self.stdout.write(visible(line))
        for kind in sorted(strangers.kinds):
            self.stdout.write(
                f"Jobs of kind {kind} are left as they are, because no installed app has that kind."
            )
        self.stdout.write(
            f"{counted(len(mended), 'row')} corrected."
            if mended
            else "The job store matches the definitions."
        )
        if count := seal_rows_anew():
            self.stdout.write(
                f"{counted(count, 'row')} that an older key had signed "
                f"{'is' if count == 1 else 'are'} now signed with SECRET_KEY."
            )
