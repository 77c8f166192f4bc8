"""`syncjobs`: make the job store agree with the definitions, and those with what code declares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.core.management.base import CommandParser
from django.db import connection, transaction
from django.utils import timezone

from countjobs.jobstores.declaring import sync_declared
from countjobs.jobstores.resealing import seal_steps
from countjobs.jobstores.strangers import find_strangers, foreign_note
from countjobs.jobstores.sync import sync_steps
from countjobs.management.database import DatabaseCommand
from countjobs.text import counted, visible

_Step = TypeVar("_Step")


def _undone(steps: Iterator[_Step]) -> Iterator[_Step]:
    """What each step tells. It is rolled back at once, so that nobody waits for the others.

    Where the database takes one writer at a time, who waits looks again only now and then: so each
    step is followed by a pause that is as long.
    """
    end = object()
    while True:
        began = time.monotonic()
        with transaction.atomic():
            told: Any = next(steps, end)
            transaction.set_rollback(True)
        if told is end:
            return
        yield told
        if not connection.features.has_select_for_update:
            time.sleep(time.monotonic() - began)


def _steps(now: datetime) -> Iterator[list[str]]:
    yield sync_declared(now)
    yield from sync_steps(lambda: now)


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
            help="Print what would be done, and do nothing. It is done in short transactions that "
            "are rolled back, so schedulers hardly wait for it.",
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Correct definitions and rows, and print which."""
        self._sync(_undone if dry_run else iter)
        if dry_run:
            self.stdout.write("This was a dry run: nothing has been changed.")

    def _sync(self, taking: Callable[[Iterator[Any]], Iterator[Any]]) -> None:
        now = timezone.now()
        declared, *steps = taking(_steps(now))
        mended = [line for step in steps for line in step]
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
        if count := sum(taking(seal_steps())):
            self.stdout.write(
                f"{counted(count, 'row')} that an older key had signed "
                f"{'is' if count == 1 else 'are'} now signed with SECRET_KEY."
            )
