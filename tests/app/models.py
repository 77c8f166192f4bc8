from django.db import models

from countjobs.models import JobDefinition


class Greeting(JobDefinition):
    """A second kind of job, as a user of the app would write one."""

    greeted = models.CharField(max_length=50)
    times = models.PositiveSmallIntegerField(default=1)

    def run(self) -> None:
        for _ in range(self.times):
            print(f"Hello, {self.greeted}!")
