"""How tables show a job, and one of its runs."""

from __future__ import annotations

from datetime import tzinfo

from django.utils.html import format_html
from django.utils.safestring import SafeString

from countjobs.admin.display import link, moment, outcome
from countjobs.admin.links import Links
from countjobs.models import Execution, JobDefinition
from countjobs.models.newest_runs import Past
from countjobs.text import visible


def job_link(
    job_id: str, definition: JobDefinition | None, links: Links, name: str = ""
) -> SafeString:
    """A job by the given name, or its definition's, with a link to the definition."""
    if definition is None:
        return link("", visible(name or job_id))
    shown = visible(name or definition.name)
    return link(links.to_object(type(definition), definition.pk), shown)


def run_link(run: Execution | Past, zone: tzinfo, links: Links) -> SafeString:
    """A run's status and when it was due, with a link to it."""
    when = moment(run.scheduled_at, zone)
    url = links.to_object(Execution, run.id)
    return link(url, format_html("{} {}", outcome(run), when))
