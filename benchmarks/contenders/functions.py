"""The same job as a registered function, which definitions of the kind FunctionJob call."""

from __future__ import annotations

from benchmarks.contenders.base import COUNT, MESSAGES, batches
from benchmarks.contenders.countjobs import Countjobs
from benchmarks.preparing import Groups
from countjobs import job
from countjobs.history.requests import request_run
from countjobs.models import FunctionJob
from countjobs.models.countjob import count_job


@job(name="count")
def count(messages: dict[str, str], count: int) -> None:
    """What CountJob does."""
    count_job(messages, count)


class Functions(Countjobs):
    """Definitions are rows of FunctionJob."""

    def make(self, groups: Groups) -> None:
        """As a program would: in bulk."""
        arguments = {"messages": MESSAGES, "count": COUNT}
        for batch in batches(groups):
            FunctionJob.objects.bulk_create(
                FunctionJob.of(count, name=f"job {number}", arguments=arguments, **fields)
                for number, fields in batch
            )

    def ask(self) -> None:
        """Run the first definition now."""
        definition = FunctionJob.objects.earliest("pk")
        request_run(definition.job_id, definition.name)
