"""What the page of a definition tells of its runs: figures, a drawing, and the last ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.facts import facts_of
from countjobs.admin.definitions.schedules import SchedulePages
from countjobs.admin.display import ICONS, NOTHING, badge, duration, link, moment, outcome
from countjobs.admin.drawings.durations import drawn, duration_chart
from countjobs.admin.drawings.lengths import longest
from countjobs.admin.executions.filters import within_those_of
from countjobs.admin.links import Links
from countjobs.admin.statistics import MOST, RunStatistics, statistics_of
from countjobs.models import Execution, JobDefinition

RUNS = ("success", "figures", "durations", "recent_runs")
"""The names of what is told of runs, among the fields."""

_RECENT = 10
_LINKS = "_countjobs_run_links"
_STATISTICS = "_countjobs_run_statistics"


class RunFigures(SchedulePages):
    """What is told of runs, read with one query. Fieldsets of your own may name them, too."""

    def show_page(self, request: HttpRequest, definitions: Sequence[JobDefinition]) -> None:
        """Keep, with each definition, what its reader may see."""
        super().show_page(request, definitions)
        links = Links(request, self.admin_site)
        for definition in definitions:
            definition.__dict__[_LINKS] = links

    @admin.display(description=_("success rate"))
    def success(self, definition: JobDefinition) -> str:
        """How many succeeded; and how many there are of each outcome, with links to them."""
        statistics = _statistics(definition)
        counts = format_html_join(" ", "{}", ((each,) for each in _counts(definition, statistics)))
        if statistics.success_percent is None:
            return format_html("{} {}", NOTHING, counts)
        percent = number_format(statistics.success_percent, 1)
        words = ngettext(
            "%(percent)s %% of %(ended)s run", "%(percent)s %% of %(ended)s runs", statistics.ended
        )
        ended = number_format(statistics.ended, force_grouping=True)
        return format_html("{} {}", words % {"percent": percent, "ended": ended}, counts)

    @admin.display(description=_("figures"))
    def figures(self, definition: JobDefinition) -> str:
        """Percentiles of duration and lateness."""
        statistics = _statistics(definition)
        rows = [
            (name, duration(found.p50), duration(found.p95))
            for name, found in (
                (_("duration"), statistics.durations),
                (_("lateness"), statistics.latenesses),
            )
            if found is not None
        ]
        context = {"rows": rows, "basis": _basis(statistics)}
        return render_to_string("countjobs/figures.html", context) if rows else NOTHING

    @admin.display(description=_("durations"))
    def durations(self, definition: JobDefinition) -> str:
        """A bar for each of the newest."""
        executions = _statistics(definition).executions
        if not executions:
            return NOTHING
        note = gettext("Oldest first. The highest is %s.") % duration(longest(drawn(executions)))
        chart = duration_chart(executions, facts_of(definition).zone)
        return format_html('{}<p class="countjobs-note">{}</p>', chart, note)

    @admin.display(description=_("last runs"))
    def recent_runs(self, definition: JobDefinition) -> str:
        """The last ten, with a link each."""
        recent = _statistics(definition).executions[:_RECENT]
        rows = [_row(definition, execution) for execution in recent]
        return render_to_string("countjobs/recent_runs.html", {"rows": rows}) if rows else NOTHING


def _links(definition: JobDefinition) -> Links:
    return cast("Links", definition.__dict__[_LINKS])


def _statistics(definition: JobDefinition) -> RunStatistics:
    """The figures of a definition's newest executions, which are read once.

    There are none for who may not see executions, whatever fieldsets name them.
    """
    known = definition.__dict__
    if _STATISTICS not in known:
        newest = Execution.objects.newest_of(definition.job_id, MOST)
        may_see = _links(definition).may_view(Execution)
        known[_STATISTICS] = statistics_of([*newest] if may_see else [])
    return cast("RunStatistics", known[_STATISTICS])


def _basis(statistics: RunStatistics) -> str:
    """Over how many executions figures are."""
    count = len(statistics.executions)
    text = ngettext("Over the newest execution.", "Over the newest %(count)s executions.", count)
    return text % {"count": number_format(count, force_grouping=True)}


def _counts(definition: JobDefinition, statistics: RunStatistics) -> list[SafeString]:
    """A badge for each outcome, and a link to the history's part."""
    if not statistics.executions:
        return []
    links = _links(definition)
    # Of older ones, which the figures leave out, the list would tell, too.
    due = within_those_of(each.scheduled_at for each in statistics.executions)
    return [
        link(
            links.to_list(Execution, job_id=definition.job_id, status__exact=status, since=due),
            badge(
                status, ICONS[status], f"{status.label} {number_format(count, force_grouping=True)}"
            ),
        )
        for status in Execution.Status
        if (count := statistics.counts[status])
    ]


def _row(definition: JobDefinition, execution: Execution) -> list[object]:
    url = _links(definition).to_object(Execution, execution.pk)
    return [
        link(url, outcome(execution)),
        moment(execution.scheduled_at, facts_of(definition).zone),
        duration(execution.lateness),
        duration(execution.duration),
        execution.get_trigger_display(),
    ]
