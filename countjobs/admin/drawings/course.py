"""The timeline of a run, drawn: how late it started, and how long it took."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from countjobs.admin.display import duration
from countjobs.models import Execution

WIDTH = 600
_HEIGHT = 14
_LEAST = 3
"""The least width of a part, so that anything that took time is visible."""

_Part = tuple[str, timedelta, str]


def course(execution: Execution, now: datetime) -> SafeString | str:
    """A bar of two parts, with the same in words for screen readers; "" if nothing started.

    A run that has not finished is drawn until `now`.
    """
    parts = [part for part in _parts(execution, now) if part[1] >= timedelta()]
    if not parts:
        return ""
    return format_html(
        '<svg class="countjobs-course" viewBox="0 0 {} {}" width="100%" height="{}"'
        ' preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        WIDTH,
        _HEIGHT,
        _HEIGHT,
        ", ".join(words for _look, _time, words in parts),
        _rects(parts),
    )


def _parts(execution: Execution, now: datetime) -> list[_Part]:
    """Each part's CSS class, its duration, and its description."""
    started, finished = execution.started_at, execution.finished_at
    due = execution.not_before or execution.scheduled_at
    if started is None:
        if finished is not None or due > now:  # a retry waits for its time
            return []
        waits = now - due
        return [("late", waits, _("waiting for %s") % duration(waits))]
    late, took = started - due, (finished or now) - started
    words = _("ran for %s") if finished else _("running for %s")
    return [
        ("late", late, _("%s late") % duration(late)),
        (execution.status, took, words % duration(took)),
    ]


def _rects(parts: list[_Part]) -> SafeString:
    return format_html_join(
        "",
        '<rect class="countjobs-course-{}" x="{}" y="0" width="{}" height="{}"/>',
        ((look, x, width, _HEIGHT) for (look, x, width) in _placed(parts)),
    )


def _placed(parts: list[_Part]) -> list[tuple[str, int, int]]:
    """Each part's CSS class, its start and its width. Together they fill the whole width."""
    whole = sum((time for _look, time, _words in parts), timedelta()) or timedelta(seconds=1)
    widths = [_width(time, whole) for _look, time, _words in parts]
    widths[widths.index(max(widths))] += WIDTH - sum(widths)
    starts = [sum(widths[:index]) for index in range(len(widths))]
    return [
        (part[0], x, width) for part, x, width in zip(parts, starts, widths, strict=True) if width
    ]


def _width(time: timedelta, whole: timedelta) -> int:
    return max(round(WIDTH * (time / whole)), _LEAST) if time else 0
