"""Fire times that find no room, of definitions that don't skip them: `overlap` says what happens.

One run of the job waits, without a scheduler, until the runs before it have ended. It is claimed
then like what a dead scheduler has left. Fire times that follow while it waits are counted in its
`folded`.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from countjobs.database.rowsets import update_rows
from countjobs.history import lifecycle
from countjobs.jobstores.claim_under_way import ClaimUnderWay
from countjobs.jobstores.plan import Plan
from countjobs.jobstores.restoring import Taken
from countjobs.models import Execution
from countjobs.models.executions import Status, Trigger
from countjobs.models.rules import Overlap
from countjobs.text import storable

_NOBODY = ""
"""The scheduler of runs that wait for one."""


class Overlaps:
    """Those of one claim."""

    def __init__(self, claim: ClaimUnderWay) -> None:
        self._claim = claim
        self._found: list[tuple[Taken, Plan]] = []

    def add(self, taken: Taken, made: Plan) -> None:
        """The fire times of a job find no room."""
        self._found.append((taken, made))

    def record(self) -> None:
        """Have one run of each job wait, and ask the runs to stop that are to be replaced."""
        if not self._found:
            return
        job_ids = [taken.job.id for taken, _made in self._found]
        waiting = Execution.objects.active().filter(node=_NOBODY, trigger=Trigger.SCHEDULE)
        known = {
            job_id: (pk, at, folded)
            for job_id, pk, at, folded in waiting.filter(
                job_id__in=job_ids, status=Status.QUEUED
            ).values_list("job_id", "pk", "scheduled_at", "folded")
        }
        rows, counted = [], []
        for taken, made in self._found:
            if (left := made.not_run) is None:
                continue
            if (there := known.get(taken.job.id)) is None:
                name = storable(taken.job.name)[:255]
                rows.append(lifecycle.due(taken.job.id, name, left.at, left.folded))
            elif there[1] < left.at:  # else it was recorded before: a clock was set back
                pk, _at, folded = there
                counted.append({"id": pk, "folded": folded + left.folded + 1})
        update_rows(Execution, counted)
        lifecycle.claim(_NOBODY, rows)
        self._replace()

    def _replace(self) -> None:
        job_ids = [
            taken.job.id
            for taken, _made in self._found
            if taken.definition and taken.definition.overlap == Overlap.REPLACE
        ]
        if job_ids:
            running = Execution.objects.active().filter(job_id__in=job_ids)
            lifecycle.ask_to_stop(running, _("the next run (overlap: replace)"), self._claim.now)
