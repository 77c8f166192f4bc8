"""What the page of a definition shows about its runs: figures, a drawing, and the last ones."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.definitions.columns import Facts
from countjobs.admin.display import ICONS, NOTHING, badge, duration, link, moment, outcome
from countjobs.admin.drawings.durations import drawn, duration_chart
from countjobs.admin.drawings.lengths import longest
from countjobs.admin.links import ONCE, within_those_of
from countjobs.admin.statistics import RunStatistics, lateness_of
from countjobs.models import Execution

_RECENT = 10


def success(facts: Facts) -> SafeString:
    """How many succeeded; and how many runs each status has, with links to them."""
    statistics = facts.statistics
    counts = format_html_join(" ", "{}", ((each,) for each in _counts(facts)))
    if statistics.success_percent is None:
        return format_html("{} {}", NOTHING, counts)
    percent = number_format(statistics.success_percent, 1)
    words = ngettext(
        "%(percent)s %% of %(ended)s run", "%(percent)s %% of %(ended)s runs", statistics.ended
    )
    ended = number_format(statistics.ended, force_grouping=True)
    return format_html("{} {}", words % {"percent": percent, "ended": ended}, counts)


def figures(facts: Facts) -> str:
    """Percentiles of how long runs took, and how late they started."""
    statistics = facts.statistics
    rows = [
        (name, duration(found.p50), duration(found.p95))
        for name, found in (
            (_("took"), statistics.durations),
            (_("late by"), statistics.latenesses),
        )
        if found is not None
    ]
    context = {"rows": rows, "basis": _basis(statistics)}
    return (
        render_to_string("admin/countjobs/definitions/figures.html", context) if rows else NOTHING
    )


def durations(facts: Facts) -> str:
    """A bar for each of the newest runs."""
    executions = facts.statistics.executions
    if not executions:
        return NOTHING
    note = gettext("Oldest first. The longest took %s.") % duration(longest(drawn(executions)))
    chart = duration_chart(executions, facts.zone)
    return format_html('{}<p class="countjobs-note">{}</p>', chart, note)


def recent_runs(facts: Facts) -> str:
    """The last ten, with a link each."""
    rows = [_row(facts, execution) for execution in facts.statistics.executions[:_RECENT]]
    return (
        render_to_string("admin/countjobs/definitions/recent_runs.html", {"rows": rows})
        if rows
        else NOTHING
    )


def _basis(statistics: RunStatistics) -> str:
    """How many runs the figures are based on."""
    count = len(statistics.executions)
    text = ngettext("Based on the newest run.", "Based on the newest %(count)s runs.", count)
    return text % {"count": number_format(count, force_grouping=True)}


def _counts(facts: Facts) -> list[SafeString]:
    """A badge for each status, which links to its runs."""
    statistics = facts.statistics
    if not statistics.executions:
        return []
    # Without this, the list would have older runs too, which the figures leave out.
    due = within_those_of(each.scheduled_at for each in statistics.executions)
    rest = {"since": due, **ONCE}
    return [
        link(
            facts.links.to_list(Execution, job_id=facts.job_id, status__exact=status, **rest),
            badge(
                status, ICONS[status], f"{status.label} {number_format(count, force_grouping=True)}"
            ),
        )
        for status in Execution.Status
        if (count := statistics.counts[status])
    ]


def _row(facts: Facts, execution: Execution) -> list[object]:
    return [
        link(facts.links.to_object(Execution, execution.pk), outcome(execution)),
        moment(execution.scheduled_at, facts.zone),
        duration(lateness_of(execution)),
        duration(execution.duration),
        execution.get_trigger_display(),
    ]
