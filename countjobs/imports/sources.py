"""The schedulers whose tables can be read, by the names that the command gives them."""

from __future__ import annotations

from collections.abc import Callable

from countjobs.imports.beat_tasks import read_beat
from countjobs.imports.foreign_tables import SourceMissingError
from countjobs.imports.found_schedules import Entries, How
from countjobs.imports.plain_jobs import read_plain
from countjobs.imports.q_schedules import read_q

__all__ = ["SOURCES", "SourceMissingError"]

SOURCES: dict[str, Callable[[How], Entries]] = {
    "celery-beat": read_beat,
    "django-q": read_q,
    "django-apscheduler": read_plain,
}
