"""What a row of the page “Jobs” shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django_apscheduler.models import DjangoJob

from countjobs.admin.cells import run_link
from countjobs.admin.definitions import pausing
from countjobs.admin.definitions.columns import read_facts
from countjobs.admin.definitions.schedule_words import in_words
from countjobs.admin.display import NOTHING, badge, duration, link, moment
from countjobs.admin.drawings.strip import LONGEST, strip
from countjobs.admin.guarded import may_start
from countjobs.admin.jobs.matching import Found
from countjobs.admin.jobs.orders import failures_of, p95_of
from countjobs.admin.links import Links
from countjobs.admin.permits import Permits
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Status
from countjobs.models.kinds import keys_by_kind
from countjobs.models.newest_runs import by_job
from countjobs.text import visible


@dataclass(frozen=True)
class Row:
    """A job. All but the plain texts is HTML."""

    job_id: str
    name: str
    link: str
    kind: str
    group: str
    schedule: str
    switch: str
    next_run: str
    last_run: str
    strip: str
    p95: str
    failures: str
    is_definition: bool = True
    may_run: bool = False


def rows_of_definitions(
    request: HttpRequest, permits: Permits, job_ids: Sequence[str], found: Found, now: datetime
) -> list[Row]:
    """The rows of these definitions: some queries, and one for each kind."""
    links = Links(request, permits.site)
    read: list[JobDefinition] = [
        definition
        for kind, keys in keys_by_kind(job_ids).items()
        if kind in found
        for definition in found[kind].filter(pk__in=keys)
    ]
    facts = {each.job_id: each for each in read_facts(read, links)}
    failures = failures_of(list(facts), now) if links.may_view(Execution) else {}
    rows = []
    for job_id in job_ids:
        if job_id not in facts:  # it was deleted meanwhile
            continue
        told = facts[job_id]
        definition = told.definition
        kind = type(definition)
        model_admin: Any = permits.site.get_model_admin(kind)
        may_run = permits.may("run", kind) and may_start(request.user, definition)
        rows.append(
            Row(
                job_id=job_id,
                name=visible(definition.name),
                link=link(links.to_object(kind, definition.pk), visible(definition.name)),
                kind=str(kind._meta.verbose_name),
                group=definition.group,
                schedule=in_words(definition),
                switch=_switch(model_admin, request, definition),
                next_run=told.next_run(),
                last_run=told.last_run(),
                strip=told.runs_strip(),
                p95=duration(p95_of(told.runs)),
                failures=_failures(job_id, failures.get(job_id, 0), links),
                may_run=may_run,
            )
        )
    return rows


def _switch(model_admin: Any, request: HttpRequest, definition: JobDefinition) -> str:
    if hasattr(model_admin, "has_pause_permission"):
        return pausing.switch(model_admin, request, definition)
    return pausing.on_or_off(definition)


def _failures(job_id: str, count: int, links: Links) -> str:
    if not count:
        return NOTHING
    url = links.to_failures(job_id, since="day")
    return link(url, number_format(count, force_grouping=True))


def rows_of_code(
    request: HttpRequest, site: AdminSite, jobs: QuerySet[DjangoJob], now: datetime
) -> list[Row]:
    """The rows of jobs from code, which have no page of their own."""
    links = Links(request, site)
    times = dict(jobs.values_list("id", "next_run_time"))
    ids = list(times)
    failures = failures_of(ids, now)
    runs = by_job(Execution.objects.newest_of_each(ids, LONGEST))
    zone = timezone.get_current_timezone()
    rows = []
    for job_id in ids:
        history = links.to_list(Execution, job_id=job_id)
        begun = [past for past in runs[job_id] if past.status != Status.QUEUED]
        last = next(iter(begun), None)
        comes = times[job_id]
        rows.append(
            Row(
                job_id=job_id,
                name=visible(job_id),
                link=link(history, visible(job_id)),
                kind=_("from code"),
                group="",
                schedule=NOTHING,
                switch="",
                next_run=moment(comes, zone) if comes else badge("paused", "‖", _("paused")),
                last_run=run_link(last, zone, links) if last else NOTHING,
                strip=link(history, strip(begun, zone)) if begun else NOTHING,
                p95=duration(p95_of(begun)),
                failures=_failures(job_id, failures.get(job_id, 0), links),
                is_definition=False,
            )
        )
    return rows
