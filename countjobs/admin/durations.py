"""The durations of runs, drawn: a bar each, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from countjobs.admin.display import ICONS, duration
from countjobs.models import Execution
from countjobs.models.executions import Status

MOST_BARS = 100

_SLOT = 6
_BAR = 5
_HEIGHT = 72
_MARK = 4
"""Below the bar of what did not succeed: its colour alone tells nothing."""
_LEAST = 1.0


def duration_chart(executions: Sequence[Execution]) -> SafeString:
    """A drawing of the newest executions, given newest first. In words for who can't see it."""
    shown = list(reversed(executions[:MOST_BARS]))
    most = longest(shown)
    return format_html(
        '<svg class="countjobs-durations" role="img" aria-label="{}" viewBox="0 0 {} {}"'
        ' width="{}" height="{}">{}</svg>',
        _in_words(shown),
        *(MOST_BARS * _SLOT, _HEIGHT + 2 * _MARK) * 2,
        format_html_join("", "{}", ((bar,) for bar in _bars(shown, _seconds(most)))),
    )


def longest(executions: Sequence[Execution]) -> timedelta | None:
    """The longest duration that is drawn."""
    shown = executions[:MOST_BARS]
    return max((each.duration for each in shown if each.duration is not None), default=None)


def _bars(shown: list[Execution], most: float) -> Iterator[SafeString]:
    words = {str(value): str(label) for value, label in Status.choices}  # once: it is costly
    first = (MOST_BARS - len(shown)) * _SLOT  # the newest is always at the same end
    for number, execution in enumerate(shown):
        x = first + number * _SLOT
        taken = execution.duration
        height = 0.0 if taken is None else _height(_seconds(taken), most)
        yield format_html(
            '<g class="countjobs-bar countjobs-{}"><title>{}</title>'
            '<rect x="{}" y="{}" width="{}" height="{}"/>{}</g>',
            execution.status,
            _told(execution, words.get(execution.status, execution.status)),
            *(x, f"{_HEIGHT - height:.1f}", _BAR, f"{height:.1f}"),
            _mark(execution, x),
        )


def _mark(execution: Execution, x: int) -> SafeString:
    if execution.status == Status.SUCCEEDED:
        return SafeString()
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}"/>', x, _HEIGHT + _MARK, _BAR, _MARK
    )


def _height(seconds: float, most: float) -> float:
    """How high a bar is. Where nothing took any time, all are as low as can be."""
    return max(_LEAST, _HEIGHT * seconds / most) if most else _LEAST


def _seconds(taken: timedelta | None) -> float:
    """A duration's seconds; none for what a clock that was set back has made negative."""
    return max(taken.total_seconds(), 0.0) if taken else 0.0


def _told(execution: Execution, status: str) -> str:
    """What a bar says when it is pointed at."""
    moment = f"{execution.scheduled_at:%Y-%m-%d %H:%M:%S %Z}"
    icon = ICONS.get(execution.status, "?")
    return f"{moment} · {icon} {status} · {duration(execution.duration)}"


def _in_words(shown: list[Execution]) -> str:
    known = [execution.duration for execution in shown if execution.duration is not None]
    return _(
        "Durations of the newest runs, oldest first. %(count)d are shown: from %(least)s to"
        " %(most)s; %(others)d of them did not succeed."
    ) % {
        "count": len(shown),
        "least": duration(min(known, default=None)),
        "most": duration(longest(shown)),
        "others": sum(execution.status != Status.SUCCEEDED for execution in shown),
    }
