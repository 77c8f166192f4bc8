"""The columns of the definitions' list and page: next run, last run, recent runs …"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_apscheduler.models import DjangoJob

from countjobs.admin.cells import run_link
from countjobs.admin.changes import last_pause
from countjobs.admin.display import NOTHING, badge, link, moment, moment_text, pre
from countjobs.admin.drawings.strip import LONGEST, strip
from countjobs.admin.links import Links
from countjobs.admin.lookup import zone_of
from countjobs.admin.statistics import MOST, RunStatistics, statistics_of
from countjobs.admin.watched import PAUSED_ITSELF, SILENT, failures_in_a_row, no_success_since
from countjobs.database.primary import rows_of
from countjobs.history.holding import held_since
from countjobs.models import Execution, JobDefinition, JobWatch, ParkedJob
from countjobs.models.executions import Status
from countjobs.models.newest_runs import Past, by_job
from countjobs.text import visible
from countjobs.triggers.warnings import schedule_warnings

_OVERDUE = timedelta(seconds=10)


@dataclass(frozen=True)
class Facts:
    """What is known about a definition.

    The fields are read at once: an invalid form changes the definition, but not them.
    """

    definition: JobDefinition
    job_id: str
    zone: tzinfo
    enabled: bool
    next_run_time: datetime | None
    error: str
    last: Past | None
    runs: Sequence[Past]
    """Its newest runs that have started or finished, newest first."""
    links: Links = field(repr=False)
    """What the reader may see."""
    watch: JobWatch | None = None
    """What is known if it is watched."""

    @property
    def silent_since(self) -> datetime | None:
        """Since when it has been silent; None if it isn't."""
        return self.watch.silent_since if self.watch and self.enabled else None

    @property
    def paused_itself(self) -> JobWatch | None:
        """Its watch, if it has paused itself and nobody has resumed it."""
        return self.watch if self.watch and self.watch.paused_at and not self.enabled else None

    @cached_property
    def pause(self) -> LogEntry | None:
        """Who paused it, and when; None if nobody did in the admin."""
        return None if self.enabled or self.paused_itself else last_pause(self.definition)

    @cached_property
    def statistics(self) -> RunStatistics:
        """The figures of its newest runs. There are none for users who may not see runs."""
        newest = Execution.objects.newest_of(self.job_id, MOST)
        return statistics_of([*newest] if self.links.may_view(Execution) else [])

    @property
    def history_url(self) -> str:
        """The URL of the list of its runs; "" for users who may not see them."""
        return self.links.to_list(Execution, job_id=self.job_id)

    @property
    def has_ended(self) -> bool:
        """Whether its schedule has no more runs."""
        return self.enabled and not self.error and self.next_run_time is None

    def next_run(self) -> str:
        """The next run, or the reason why there is none; and whether it is silent."""
        comes = self._next_run()
        if self.silent_since is None:
            return comes
        since = no_success_since(moment_text(self.silent_since, self.zone))
        return format_html("{} {}", comes, SILENT.badge(since))

    def _next_run(self) -> str:
        if self.error:
            return badge("broken", "✗", _("broken"), self.error)
        if watch := self.paused_itself:
            return PAUSED_ITSELF.badge(failures_in_a_row(watch))
        if not self.enabled:
            return badge("paused", "‖", _("paused"))
        if self.has_ended:
            return badge("ended", "■", _("ended"))
        return moment(self.next_run_time, self.zone)

    def last_run(self) -> str:
        """The status of the last run, and when it was due."""
        return run_link(self.last, self.zone, self.links) if self.last else NOTHING

    def runs_strip(self) -> str:
        """The last runs as a strip, which links to all of them."""
        return link(self.history_url, strip(self.runs, self.zone)) if self.runs else NOTHING

    def problem(self) -> str:
        """Why it is broken."""
        return pre(self.error)

    def paused(self) -> str:
        """Who paused it, and when."""
        if watch := self.paused_itself:
            when = moment(watch.paused_at, self.zone)
            text = gettext("by itself on {when}, {why}")
            return format_html(text, when=when, why=failures_in_a_row(watch))
        if self.pause is None:
            return NOTHING
        when = moment(self.pause.action_time, self.zone)
        return format_html(gettext("by {who} on {when}"), who=self.pause.user, when=when)

    def history(self) -> str:
        """A link to its runs."""
        url = self.history_url
        return link(url, _("All runs of this job")) if url else NOTHING

    def announcement(self) -> tuple[int, str]:
        """A message for somebody who has just saved the definition: its level and its text."""
        if self.error:
            return messages.ERROR, gettext("It won't run: %s") % self.error
        if not self.enabled:
            return messages.WARNING, gettext("It won't run: it is not enabled.")
        if self.next_run_time is None:
            return messages.WARNING, gettext("It won't run: its schedule has ended.")
        when = moment_text(self.next_run_time, self.zone)
        if held_since():
            text = gettext("All jobs are held: it won't run before they are released. Next run: %s")
            return messages.WARNING, text % when
        if self.next_run_time < timezone.now() - _OVERDUE:
            text = gettext("It has been due since %s, but no scheduler has claimed it yet.")
            return messages.WARNING, text % when
        return messages.INFO, gettext("Next run: %s") % when

    def warnings(self) -> list[str]:
        """Warnings about the schedule; none if the definition doesn't run."""
        if self.error or not self.enabled:
            return []
        return schedule_warnings(self.definition.trigger(), timezone.now())

    def messages(self) -> Iterator[tuple[int, str]]:
        """All messages for somebody who has just saved it."""
        yield self.announcement()
        yield from ((messages.WARNING, text) for text in self.warnings())


def read_facts(definitions: Sequence[JobDefinition], links: Links) -> list[Facts]:
    """The facts of each definition: four queries for all."""
    ids = [definition.job_id for definition in definitions]
    jobs = dict(rows_of(DjangoJob).filter(id__in=ids).values_list("id", "next_run_time"))
    errors = dict(ParkedJob.objects.filter(job_id__in=ids).values_list("job_id", "error"))
    watches = rows_of(JobWatch).in_bulk(ids)
    # The newest run that has started or finished shows how a job is doing. A queued run says
    # nothing about that, and may wait for long: it is shown only if there is no other.
    seen = ids if links.may_view(Execution) else []
    newest = by_job(Execution.objects.newest_of_each(seen, LONGEST))
    missing = gettext("It is missing from the job store. Run “manage.py syncjobs” to fix that.")
    facts = []
    for definition in definitions:
        job_id = definition.job_id
        runs = [past for past in newest[job_id] if past.status != Status.QUEUED]
        told = Facts(
            definition=definition,
            job_id=job_id,
            zone=zone_of(definition),
            enabled=definition.enabled,
            next_run_time=jobs.get(job_id),
            error=errors.get(job_id, "") if job_id in jobs else missing,
            last=next(iter(runs or newest[job_id]), None),
            runs=runs,
            links=links,
            watch=watches.get(job_id),
        )
        facts.append(told)
    return facts


@admin.display(description=_("name"), ordering="name")
def name(definition: JobDefinition) -> str:
    """The column of names. Invisible characters are shown."""
    return visible(definition.name)
