"""`syncjobs`: make the job store agree with the definitions."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from countjobs.jobstores.sync import sync
from countjobs.management.database import DatabaseCommand
from countjobs.text import visible


class Command(DatabaseCommand):
    """Mend the job store."""

    help = (
        "Make the job store agree with the definitions, after raw SQL, a restored backup or a new "
        "SECRET_KEY, and print what was mended. A scheduler does the same when it starts."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Mend, and say what."""
        mended = sync(timezone.now())
        for line in mended:
            self.stdout.write(visible(line))
        self.stdout.write(f"{len(mended)} mended." if mended else "The job store agrees.")
