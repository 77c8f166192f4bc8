"""What the pages of definitions tell beside the definitions: the next run and the last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import cast

from django.contrib import messages
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_apscheduler.models import DjangoJob

from countjobs.admin.display import NOTHING, badge, link, moment, moment_text, outcome
from countjobs.admin.drawings.strip import LONGEST, strip
from countjobs.admin.links import Links
from countjobs.admin.lookup import zone_of
from countjobs.database.newest import Past
from countjobs.database.primary import rows_of
from countjobs.models import Execution, JobDefinition, ParkedJob
from countjobs.models.executions import Status

_OVERDUE = timedelta(seconds=10)
_KEPT_AS = "_countjobs_facts"  # a kind's own fields are attributes, too


@dataclass(frozen=True)
class Facts:
    """What is known of a definition. It is read at once: a form that is refused leaves it alone."""

    zone: tzinfo
    enabled: bool
    next_run_time: datetime | None
    error: str
    last: Past | None
    last_url: str
    history_url: str
    runs: Sequence[Past] = ()
    """The newest that have begun or ended, newest first."""

    def next_run(self) -> str:
        """The next run, or the reason why there is none."""
        if self.error:
            return badge("broken", "✗", _("broken"), self.error)
        if not self.enabled:
            return badge("paused", "‖", _("paused"))
        if self.next_run_time is None:
            return badge("ended", "■", _("ended"))
        return moment(self.next_run_time, self.zone)

    def last_run(self) -> str:
        """How the last run stands, and when it was due."""
        if self.last is None:
            return NOTHING
        when = moment(self.last.scheduled_at, self.zone)
        return link(self.last_url, format_html("{} {}", outcome(self.last), when))

    def runs_strip(self) -> str:
        """The last runs as a strip, which leads to all of them."""
        return link(self.history_url, strip(self.runs, self.zone)) if self.runs else NOTHING

    def announcement(self) -> tuple[int, str]:
        """A message for somebody who has just saved the definition: its level and its text."""
        if self.error:
            return messages.ERROR, gettext("It won't run: %s") % self.error
        if not self.enabled:
            return messages.WARNING, gettext("It won't run: it is not enabled.")
        if self.next_run_time is None:
            return messages.WARNING, gettext("It won't run: its last fire time has passed.")
        when = moment_text(self.next_run_time, self.zone)
        if self.next_run_time < timezone.now() - _OVERDUE:
            text = gettext("It has been due since %s, and no scheduler has taken it yet.")
            return messages.WARNING, text % when
        return messages.INFO, gettext("Next run: %s") % when


def attach(definitions: Sequence[JobDefinition], links: Links) -> None:
    """Read the facts of definitions, and keep them on these objects: three queries for all."""
    ids = [definition.job_id for definition in definitions]
    jobs = dict(rows_of(DjangoJob).filter(id__in=ids).values_list("id", "next_run_time"))
    errors = dict(ParkedJob.objects.filter(job_id__in=ids).values_list("job_id", "error"))
    newest = _newest(ids if links.may_view(Execution) else [])
    missing = gettext("The job store has no row of it. “manage.py syncjobs” mends that.")
    for definition in definitions:
        job_id = definition.job_id
        runs = [past for past in newest[job_id] if past.status != Status.QUEUED]
        last = next(iter(runs or newest[job_id]), None)
        definition.__dict__[_KEPT_AS] = Facts(
            zone=zone_of(definition),
            enabled=definition.enabled,
            next_run_time=jobs.get(job_id),
            error=errors.get(job_id, "") if job_id in jobs else missing,
            last=last,
            last_url=links.to_object(Execution, last.id) if last else "",
            history_url=links.to_list(Execution, job_id=job_id),
            runs=runs,
        )


def _newest(job_ids: list[str]) -> dict[str, list[Past]]:
    """The newest executions by job.

    How a job stands is told by the newest that has begun or ended: what waits in the queue says
    nothing of it, and may wait for long. It is told of only where there is nothing else.
    """
    newest: defaultdict[str, list[Past]] = defaultdict(list)
    for past in Execution.objects.newest_of_each(job_ids, LONGEST):
        newest[past.job_id].append(past)
    return newest


def facts_of(definition: JobDefinition) -> Facts:
    """What `attach` has read."""
    return cast("Facts", definition.__dict__[_KEPT_AS])
