"""A job's last runs as a strip of bars: SVG, drawn here, coloured by the style sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from countjobs.admin.display import duration, icon_of, moment_text, status_word
from countjobs.admin.drawings.lengths import longest, share
from countjobs.models.executions import PROBLEMS, Status
from countjobs.models.newest_runs import Past

LONGEST = 30
"""The number of runs that a strip has room for."""

_PITCH, _HEIGHT, _LEAST = 4, 24, 3
"""Pixels: from bar to bar (each is 3 wide), the longest run's height and the shortest one's."""


def strip(runs: Sequence[Past], zone: tzinfo) -> SafeString:
    """The bars of runs given newest first. They are drawn oldest first.

    A bar's height is the run's duration relative to the longest, but never 0. A run that went wrong
    has a pale column behind its bar, which is visible without colour, too.
    """
    shown = runs[:LONGEST]
    words = summary(shown)
    return format_html(
        '<svg class="countjobs-strip" role="img" aria-label="{}" width="{}" height="{}"'
        ' viewBox="0 0 {} {}" preserveAspectRatio="none"><title>{}</title>{}</svg>',
        *(words, LONGEST * _PITCH, _HEIGHT, LONGEST * _PITCH, _HEIGHT, words),
        mark_safe("".join(_bars(shown, zone))),  # noqa: S308  # each is escaped
    )


def summary(runs: Sequence[Past]) -> str:
    """How many ended how: "Last 30 runs: 28 succeeded, 2 failed"."""
    counts = Counter(run.status for run in runs)
    said = (
        gettext("%(count)d %(status)s") % {"count": counts[status], "status": status.label}
        for status in Status
        if counts[status]
    )
    words = ngettext("Last run: %(outcomes)s", "Last %(n)d runs: %(outcomes)s", len(runs))
    return words % {"n": len(runs), "outcomes": ", ".join(said)}


def _bars(runs: Sequence[Past], zone: tzinfo) -> Iterator[str]:
    """Their elements. A page has thousands: `format_html` for each would take half its time."""
    most = longest(runs)
    heads = {status: _head(status) for status in {run.status for run in runs}}
    for place, run in enumerate(runs, start=1):
        x = (LONGEST - place) * _PITCH
        behind = f'<path class="countjobs-behind" d="M{x} 0h3v24h-3z"/>'
        top = _HEIGHT - max(_LEAST, round(_HEIGHT * share(run.duration, most)))
        yield (
            f"{heads[run.status]} · {escape(_told(run, zone))}</title>"
            f'{behind if run.status in PROBLEMS else ""}<path d="M{x} {top}h3V24h-3z"/></g>'
        )


def _head(status: str) -> str:
    """The start of a bar's element: its colour, its icon and its word."""
    head = '<g class="countjobs-{}"><title>{} {}'
    return format_html(head, status, icon_of(status), status_word(status))


def _told(run: Past, zone: tzinfo) -> str:
    """The rest of a bar's title: when the run was due, and how long it took."""
    due = moment_text(run.scheduled_at, zone)
    return due if run.duration is None else f"{due} · {duration(run.duration)}"
