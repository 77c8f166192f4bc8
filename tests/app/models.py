from collections.abc import Awaitable
from pathlib import Path
from random import random, uniform
from secrets import token_hex
from time import sleep, time
from uuid import uuid4

from django.db import models

from countjobs.executors import current_run
from countjobs.models import JobDefinition
from tests.app import hard
from tests.support.waiting import wait_until


class Greeting(JobDefinition):
    """A second kind of job, as a user of the app would write one."""

    greeted = models.CharField(max_length=50)
    times = models.PositiveSmallIntegerField(default=1)

    def run(self) -> None:
        for _ in range(self.times):
            print(f"Hello, {self.greeted}!")


class Gate(JobDefinition):
    """A job whose runs end when a file appears, so that tests decide how long they take."""

    file = models.CharField(max_length=500)

    @property
    def has_begun(self) -> bool:
        """Whether a run's own code has been reached: its record says so a moment ahead."""
        return Path(f"{self.file}.begun").exists()

    def run(self) -> None:
        Path(f"{self.file}.begun").touch()
        print("begun")
        self.progress(1, 3)
        end, half = Path(self.file), Path(f"{self.file}.half")
        wait_until(lambda: end.exists() or half.exists(), seconds=60)
        if half.exists():
            print("half")
            self.progress(2, 3)
            wait_until(end.exists, seconds=60)
        print("ended")


class Note(JobDefinition):
    """A job that notes its runs outside the database.

    A line each: the name, the time due, and a token that tells two runs of one time apart.
    """

    file = models.CharField(max_length=500)

    def run(self) -> None:
        with Path(self.file).open("a") as notes:
            run = current_run()
            notes.write(f"{self.name} {run and run.scheduled_at.isoformat()} {token_hex(8)}\n")


class Label(JobDefinition):
    """A kind with a key that people give, and fields called as the app might call things."""

    slug = models.CharField(max_length=50, primary_key=True)
    kind = models.CharField(max_length=20, default="plain")
    is_row = models.BooleanField(default=False)
    facts = models.CharField(max_length=20, blank=True)
    switch = models.CharField(max_length=20, blank=True)
    token = models.UUIDField(default=uuid4)

    def run(self) -> None:
        print(self.slug, self.kind, self.facts)


class Team(models.Model):
    """What a definition may belong to, and go with."""


class TeamJob(JobDefinition):
    """A job that is deleted with its team."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE)

    def run(self) -> None:
        """Do nothing."""


class Unsteady(JobDefinition):
    """A job that fails by chance, and notes its attempts outside the database.

    Two lines each, one when it begins and one when it ends: the name, the attempt, the time by the
    wall clock, what happens, and a token that tells two runs of one attempt apart.
    """

    file = models.CharField(max_length=500)

    def run(self) -> None:
        run = current_run()
        assert run is not None
        began, token, fails = time(), token_hex(8), random() < 0.5
        with Path(self.file).open("a") as notes:
            notes.write(f"{self.name} {run.attempt} {began} begun {token}\n")
        sleep(uniform(0, 0.1))
        with Path(self.file).open("a") as notes:
            how = "failed" if fails else "good"
            notes.write(f"{self.name} {run.attempt} {time()} {how} {token}\n")
        if fails:
            raise RuntimeError("by chance")


class Hard(JobDefinition):
    """A job that is hard to end: one of those in `tests.app.hard`, by its name."""

    what = models.CharField(max_length=50)

    def run(self) -> Awaitable[None] | None:
        print("working", flush=True)
        found: Awaitable[None] | None = getattr(hard, self.what)()
        return found
