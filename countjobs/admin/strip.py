"""A job's last runs as a strip of bars: SVG, drawn here, coloured by the style sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from countjobs.admin.display import ICONS, duration, moment_text, status_word
from countjobs.models.executions import PROBLEMS, Status
from countjobs.models.newest import Past

LONGEST = 30
"""How many runs a strip has room for."""

_PITCH, _WIDTH, _HEIGHT, _LEAST = 4, 3, 24, 3
"""Pixels: from bar to bar, a bar's width, the longest run's height and the shortest one's."""


def strip(runs: Sequence[Past], zone: tzinfo) -> SafeString:
    """The bars, given the newest run first; they are drawn oldest first, the newest at the end.

    A bar is as high as its run was long, compared with the longest. Behind what went wrong there is
    a pale column: it is seen without its colour, too.
    """
    shown = runs[:LONGEST]
    words = summary(shown)
    return format_html(
        '<svg class="countjobs-strip" role="img" aria-label="{}" width="{}" height="{}"'
        ' viewBox="0 0 {} {}" preserveAspectRatio="none"><title>{}</title>{}</svg>',
        *(words, LONGEST * _PITCH, _HEIGHT, LONGEST * _PITCH, _HEIGHT, words),
        format_html_join("", "{}", ((bar,) for bar in _bars(shown, zone))),
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


def _bars(runs: Sequence[Past], zone: tzinfo) -> Iterator[SafeString]:
    longest = max((run.duration for run in runs if run.duration), default=timedelta())
    for place, run in enumerate(runs, start=1):
        x = (LONGEST - place) * _PITCH
        height = _height(run.duration, longest)
        yield format_html(
            '<g class="countjobs-{}"><title>{}</title>{}<rect x="{}" y="{}" width="{}"'
            ' height="{}"/></g>',
            *(run.status, _told(run, zone), _column(run, x)),
            *(x, _HEIGHT - height, _WIDTH, height),
        )


def _column(run: Past, x: int) -> SafeString:
    drawn = '<rect class="countjobs-behind" x="{}" y="0" width="{}" height="{}"/>'
    return format_html(drawn, x, _WIDTH, _HEIGHT) if run.status in PROBLEMS else SafeString()


def _height(took: timedelta | None, longest: timedelta) -> int:
    """In pixels: never nothing, though a run took no time, or was none."""
    if not took or not longest:
        return _LEAST
    return max(_LEAST, round(_HEIGHT * (took / longest)))


def _told(run: Past, zone: tzinfo) -> str:
    """What a bar says for itself: how it ended, when it was due, how long it took."""
    word = status_word(run.status)
    took = f" · {duration(run.duration)}" if run.duration is not None else ""
    return f"{ICONS.get(run.status, '?')} {word} · {moment_text(run.scheduled_at, zone)}{took}"
