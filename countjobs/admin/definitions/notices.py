"""What the page of a definition says above its form, if somebody should know it before all else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from countjobs.admin.cells import run_link
from countjobs.admin.definitions.columns import Facts
from countjobs.admin.display import link, moment
from countjobs.admin.guarded import may_use
from countjobs.admin.lookup import zone_of
from countjobs.admin.watched import PAUSED_ITSELF, SILENT, failures_in_a_row, no_success_since
from countjobs.database.primary import rows_of
from countjobs.models import JobDefinition, JobWatch
from countjobs.models.executions import FAILURES
from countjobs.models.schedule_fields import ScheduleType


@dataclass(frozen=True)
class Notice:
    """A line of the box."""

    icon: str
    title: str
    text: SafeString
    more: SafeString


def notices_of(facts: Facts) -> Iterator[Notice]:
    """That it has ended, has paused itself, or is silent."""
    if facts.has_ended:
        yield Notice("■", _("It has ended:"), _why_ended(facts), SafeString())
    if watch := facts.paused_itself:
        text = _when_and_why(watch, facts.zone)
        yield Notice(PAUSED_ITSELF.icon, _("It paused itself:"), text, _last_failure(facts))
    if since := facts.silent_since:
        words = no_success_since(moment(since, facts.zone))
        text = format_html(_("{words}."), words=words)
        yield Notice(SILENT.icon, _("It is silent:"), text, SafeString())


def _why_ended(facts: Facts) -> SafeString:
    definition = facts.definition
    if definition.schedule_type == ScheduleType.ONCE:
        when = moment(definition.run_at, facts.zone)
        return format_html(_("its only run was due at {when}."), when=when)
    return format_html("{}", _("its schedule has no more runs. To go on, change the schedule."))


def guard_notices(user: Any, definition: JobDefinition) -> list[Notice]:
    """That the user may look at it and pause it, but not change or run it."""
    if may_use(user, definition):
        return []
    text = format_html(
        _("To change or run it, you need the permission “{permission}”."),
        permission=definition.permission_needed,
    )
    return [Notice("⊘", _("Permission missing:"), text, SafeString())]


def paused_itself(definition: JobDefinition) -> str:
    """When a definition paused itself, and why; "" if it didn't, or was resumed."""
    if definition.enabled:
        return ""
    there = rows_of(JobWatch).filter(pk=definition.job_id, paused_at__isnull=False)
    watch = there.first()
    return "" if watch is None else _when_and_why(watch, zone_of(definition))


def _when_and_why(watch: JobWatch, zone: tzinfo) -> SafeString:
    when, why = moment(watch.paused_at, zone), failures_in_a_row(watch)
    return format_html(_("{when}, {why}."), when=when, why=why)


def _last_failure(facts: Facts) -> SafeString:
    """A link to the newest failed run, or to all of them if it isn't among the newest runs."""
    failed = next((past for past in facts.runs if past.status in FAILURES), None)
    if failed is not None:
        run = run_link(failed, facts.zone, facts.links)
        return format_html(_("Last failed run: {run}"), run=run)
    url = facts.links.to_failures(facts.job_id)
    return link(url, _("Failed runs")) if url else SafeString()
