"""Part of the overview: the runs of the last day, by the hour and by how they went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from countjobs.admin.display import ICONS, badge, link
from countjobs.admin.drawings.bars import Bar, stacked_bars
from countjobs.admin.links import ONCE, Links, Span, any_of, within
from countjobs.admin.overview.hours import Counts, count_hours
from countjobs.admin.overview.spans import clock, past_hours
from countjobs.models import Execution
from countjobs.models.executions import FAILURES, Status


@dataclass(frozen=True)
class Kind:
    """Statuses that are shown as one."""

    look: str
    word: str | Promise
    statuses: tuple[Status, ...]

    def badge(self) -> SafeString:
        """As in lists."""
        return badge(self.look, ICONS[self.statuses[0]], self.word)

    def count(self, counts: Counts) -> int:
        """How many there are of them."""
        return sum(counts.get(status, 0) for status in self.statuses)


KINDS = (
    Kind("succeeded", _("succeeded"), (Status.SUCCEEDED,)),
    Kind("failed", _("failed, timed out, lost"), FAILURES),
    Kind(
        "missed",
        _("missed, skipped, cancelled"),
        (Status.MISSED, Status.SKIPPED, Status.CANCELLED),
    ),
    Kind("running", _("running, queued"), (Status.RUNNING, Status.QUEUED)),
)


@dataclass(frozen=True)
class Outcomes:
    """The picture, and the same as a table."""

    picture: SafeString
    most: int
    """Runs in the busiest hour."""
    labels: list[str]
    """When every sixth hour began."""
    kinds: list[tuple[SafeString, SafeString]]
    """Each with its number of runs in the day."""
    rows: list[tuple[str, list[SafeString]]]
    """The newest hour first."""
    is_whole: bool
    """Whether all hours are counted."""


def read_outcomes(now: datetime, links: Links) -> Outcomes:
    """At most two queries."""
    hours = past_hours(now)
    counts = count_hours(hours, now)
    labels = [clock(start) for start, _end in hours]
    rows = [[kind.count(count or {}) for kind in KINDS] for count in counts]
    bars = [_bar(*each, links) for each in zip(hours, labels, rows, strict=True)]
    day = (hours[0][0], hours[-1][1])
    totals = [sum(column) for column in zip(*rows, strict=True)]
    return Outcomes(
        picture=stacked_bars(bars, gettext("Runs per hour in the last 24 hours, by outcome")),
        most=max(map(sum, rows)),
        labels=labels[::6],
        kinds=[
            (kind.badge(), cell)
            for kind, cell in zip(KINDS, _cells(totals, day, links), strict=True)
        ],
        rows=[
            (label, _cells(row, hour, links))
            for hour, label, row, count in zip(hours, labels, rows, counts, strict=True)
            if count is not None
        ][::-1],
        is_whole=None not in counts,
    )


def _cells(amounts: list[int], span: Span, links: Links) -> list[SafeString]:
    """The number of runs of each kind in a span of time, each with a link to them."""
    due = within(*span)
    return [
        link(
            links.to_list(Execution, status__exact=any_of(kind.statuses), since=due, **ONCE)
            if amount
            else "",
            number_format(amount, force_grouping=True),
        )
        for kind, amount in zip(KINDS, amounts, strict=True)
    ]


def _bar(hour: Span, label: str, amounts: list[int], links: Links) -> Bar:
    said = [
        f"{kind.word}: {number_format(amount, force_grouping=True)}"
        for kind, amount in zip(KINDS, amounts, strict=True)
        if amount
    ]
    looks = [kind.look for kind in KINDS]
    parts = list(zip(looks, amounts, strict=True))
    url = links.to_list(Execution, since=within(*hour), **ONCE) if any(amounts) else ""
    return Bar(parts, "\n".join([label, *(said or [gettext("no runs")])]), url)
