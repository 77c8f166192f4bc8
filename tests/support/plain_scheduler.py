"""Plain django-apscheduler in a process of its own, which knows nothing of countjobs.

It runs a job of its own every second until it is ended, as its documentation has it.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import django
from apscheduler.schedulers.background import BackgroundScheduler
from django.conf import settings

from project.environment import read_database


def note(file: str) -> None:
    """Note a run."""
    with Path(file).open("a") as notes:
        notes.write("ran\n")


def main(file: str) -> None:
    """Start it."""
    settings.configure(
        INSTALLED_APPS=["django_apscheduler"],
        DATABASES={"default": read_database("DATABASE_URL", Path(file))},
        USE_TZ=True,
        SECRET_KEY="of another project",
    )
    django.setup()
    from django_apscheduler.jobstores import DjangoJobStore  # noqa: PLC0415  # needs the settings

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_jobstore(DjangoJobStore(), "default")
    scheduler.add_job(
        "tests.support.plain_scheduler:note",
        "interval",
        seconds=1,
        args=[file],
        id="plain",
        replace_existing=True,
    )
    scheduler.start()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
