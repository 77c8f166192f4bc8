"""The columns of the list of runs, which are also on a run's page: status, due at, took …"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin import display
from countjobs.admin.drawings.course import course
from countjobs.admin.executions.ansi import coloured
from countjobs.admin.executions.chain import is_in_chain, place
from countjobs.admin.links import Links
from countjobs.admin.lookup import definitions_of, zone_of
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Status
from countjobs.text import storable, visible


@dataclass(frozen=True)
class RunFacts:
    """A run, and its definition, as far as the reader may know."""

    run: Execution
    definition: JobDefinition | None
    definition_url: str
    zone: tzinfo
    """The definition's."""

    def outcome(self) -> SafeString:
        """Its status: a badge."""
        return display.outcome(self.run)

    def job(self) -> SafeString:
        """The job's name at that time, with a link to its definition if that still exists."""
        return format_html(
            "<bdi>{}</bdi> ({})",
            display.link(self.definition_url, visible(self.run.job_name)),
            visible(self.run.job_id),
        )

    def reason(self) -> str:
        """What triggered it."""
        return self.run.get_trigger_display()

    def cause(self) -> str:
        """The same; and which attempt it is, if it is one of several."""
        if not is_in_chain(self.run):
            return self.reason()
        attempt = self.attempt()
        return format_html('{} <span class="countjobs-attempt">{}</span>', self.reason(), attempt)

    def attempt(self) -> str:
        """Which attempt it is, and of how many."""
        return place(self.run, self.definition)

    def due_at(self) -> str:
        """When it was due."""
        return display.moment(self.run.scheduled_at, self.zone)

    def started(self) -> str:
        """When it started."""
        return display.moment(self.run.started_at, self.zone)

    def finished(self) -> str:
        """When it finished."""
        return display.moment(self.run.finished_at, self.zone)

    def not_before(self) -> str:
        """When it may begin, if it is a further attempt."""
        return display.moment(self.run.not_before, self.zone)

    def stop_asked(self) -> str:
        """When it was asked to stop, and by whom."""
        when = display.moment(self.run.cancel_requested_at, self.zone)
        if not self.run.cancel_requested_by:
            return when
        who = visible(self.run.cancel_requested_by)
        return format_html(gettext("by {who} on {when}"), who=who, when=when)

    def late_by(self) -> str:
        """How late it started."""
        return display.duration(self.run.lateness)

    def took(self) -> str:
        """How long it took, or has been running so far."""
        if self.run.status != Status.RUNNING or not self.run.started_at:
            return display.duration(self.run.duration)
        return gettext("%s so far") % display.duration(timezone.now() - self.run.started_at)

    def timeline(self) -> SafeString | str:
        """How late it was and how long it took, drawn."""
        return course(self.run, timezone.now())

    def host(self) -> str:
        """The host and process id, with the scheduler's full name in the title."""
        short = self.run.node.rpartition(":")[0] or self.run.node
        if not short:
            return display.NOTHING
        return format_html('<span title="{}">{}</span>', self.run.node, short)

    def scheduler(self) -> str:
        """The scheduler's full name."""
        return visible(self.run.node) or display.NOTHING

    def folded(self) -> int | str:
        """How many earlier fire times it stands in for, if any."""
        return self.run.folded or display.NOTHING

    def parameters(self) -> str:
        """What was overridden for this run. Nobody validated it: it may be invalid Unicode."""
        text = json.dumps(self.run.parameters, ensure_ascii=False, indent=2)
        return display.pre(storable(text))

    def output(self) -> str:
        """What it printed and logged."""
        return display.pre(coloured(self.run.output))

    def error(self) -> str:
        """What went wrong."""
        return display.pre(self.run.error)

    def traceback(self) -> str:
        """Where that happened."""
        return display.pre(self.run.traceback)


def read_facts(executions: Sequence[Execution], links: Links) -> list[RunFacts]:
    """What is known about each run: one query for each kind of definition."""
    definitions = definitions_of({execution.job_id for execution in executions})
    facts = []
    for run in executions:
        definition = definitions.get(run.job_id)
        url = links.to_object(type(definition), definition.pk) if definition else ""
        facts.append(RunFacts(run, definition, url, zone_of(definition)))
    return facts


@admin.display(description=_("job"))
def job_name(execution: Execution) -> str:
    """The column of names. Invisible characters are shown."""
    return visible(execution.job_name)
