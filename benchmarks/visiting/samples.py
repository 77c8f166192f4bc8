"""What pages are asked about: a busy job, a quiet one, one that is broken, a run of each kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from django.utils import timezone

from countjobs.models import CountJob, Execution, ParkedJob
from countjobs.models.executions import Status
from countjobs.models.kinds import definition_key

NEWEST = 20_000
"""The executions that are looked at."""


@dataclass(frozen=True)
class Samples:
    """Of one database. A key is None where it has nothing of the kind."""

    busy: str = ""
    """The id of the job with most of the newest executions."""
    quiet: int | None = None
    never_ran: int | None = None
    broken: int | None = None
    runs: dict[str, int] = field(default_factory=dict)
    """The newest run of some statuses."""
    definition_name: str = ""

    @property
    def busy_key(self) -> int | None:
        """The key of the busy job's definition."""
        key = definition_key(self.busy)
        return key[1] if key else None


def find() -> Samples:
    """Look for them among the newest rows."""
    newest = Execution.objects.newest_first().values_list("job_id", flat=True)[:NEWEST]
    busy = Counter(newest).most_common(1)
    definitions = CountJob.objects.order_by("-pk")
    middle = CountJob.objects.filter(pk__gte=CountJob.objects.count() // 2).order_by("pk").first()
    parked = ParkedJob.objects.values_list("job_id", flat=True).order_by("job_id").first()
    broken = definition_key(parked) if parked else None
    last = definitions.first()
    return Samples(
        busy=busy[0][0] if busy else "",
        quiet=middle.pk if middle else None,
        never_ran=last.pk if last else None,
        broken=broken[1] if broken else None,
        runs=_newest_runs(),
        definition_name=middle.name if middle else "",
    )


def _newest_runs() -> dict[str, int]:
    seen: dict[str, int] = {}
    lately = Execution.objects.filter(scheduled_at__lte=timezone.now()).newest_first()
    for status, pk in lately.values_list("status", "pk")[:NEWEST]:
        seen.setdefault(status, pk)
    return {str(status): seen[status] for status in Status.values if status in seen}
