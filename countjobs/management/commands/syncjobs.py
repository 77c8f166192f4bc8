"""`syncjobs`: make the job store agree with the definitions."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from countjobs.jobstores.resealing import seal_rows_anew
from countjobs.jobstores.strangers import find_strangers, foreign_note
from countjobs.jobstores.sync import sync
from countjobs.management.database import DatabaseCommand
from countjobs.text import visible


class Command(DatabaseCommand):
    """Mend the job store."""

    help = (
        "Make the job store match the definitions after raw SQL, a restored backup or a new "
        "SECRET_KEY, and print what was mended. A scheduler does the same when it starts. Rows "
        "that something else wrote are listed and left alone. Also sign with SECRET_KEY what is "
        "still signed with one of SECRET_KEY_FALLBACKS, so that you can remove the old key; only "
        "this command does that."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Mend, and say what."""
        mended = sync(timezone.now())
        strangers = find_strangers()
        for line in [*mended, *map(foreign_note, strangers.foreign)]:
            self.stdout.write(visible(line))
        for kind in sorted(strangers.kinds):
            self.stdout.write(f"Jobs of the kind {kind} are left alone: that kind isn't installed.")
        self.stdout.write(
            f"{len(mended)} mended." if mended else "The job store matches the definitions."
        )
        if count := seal_rows_anew():
            self.stdout.write(f"{count} signed again with SECRET_KEY, instead of an older key.")
