"""The durations of runs, drawn: a bar each, oldest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

from countjobs.admin.display import duration, icon_of, moment_text, status_word
from countjobs.admin.drawings.lengths import longest, share
from countjobs.models import Execution
from countjobs.models.executions import Status

MOST_BARS = 100

_SLOT = 6
_BAR = 5
_HEIGHT = 72
_MARK = 4
"""Below the bar of a run that didn't succeed: a colour alone means nothing."""
_LEAST = 1.0


def duration_chart(executions: Sequence[Execution], zone: tzinfo) -> SafeString:
    """A drawing of the newest runs, given newest first, with the same in words for screen readers.

    Times are in the zone.
    """
    shown = drawn(executions)[::-1]
    return format_html(
        '<svg class="countjobs-durations" role="img" aria-label="{}" viewBox="0 0 {} {}"'
        ' width="{}" height="{}">{}</svg>',
        _in_words(shown),
        *(MOST_BARS * _SLOT, _HEIGHT + 2 * _MARK) * 2,
        format_html_join("", "{}", ((bar,) for bar in _bars(shown, zone))),
    )


def drawn(executions: Sequence[Execution]) -> Sequence[Execution]:
    """Those that there is room for, of runs given newest first."""
    return executions[:MOST_BARS]


def _bars(shown: Sequence[Execution], zone: tzinfo) -> Iterator[SafeString]:
    most = longest(shown)
    words = {status: status_word(status) for status in {each.status for each in shown}}
    first = (MOST_BARS - len(shown)) * _SLOT  # the newest is always at the same end
    for number, execution in enumerate(shown):
        x = first + number * _SLOT
        height = _height(execution.duration, most)
        yield format_html(
            '<g class="countjobs-bar countjobs-{}"><title>{}</title>'
            '<rect x="{}" y="{}" width="{}" height="{}"/>{}</g>',
            execution.status,
            _told(execution, words[execution.status], zone),
            *(x, f"{_HEIGHT - height:.1f}", _BAR, f"{height:.1f}"),
            _mark(execution, x),
        )


def _mark(execution: Execution, x: int) -> SafeString:
    if execution.status == Status.SUCCEEDED:
        return SafeString()
    return format_html(
        '<rect x="{}" y="{}" width="{}" height="{}"/>', x, _HEIGHT + _MARK, _BAR, _MARK
    )


def _height(took: timedelta | None, most: timedelta | None) -> float:
    """The height of a bar; 0 for a run that never started."""
    return 0.0 if took is None else max(_LEAST, _HEIGHT * share(took, most))


def _told(execution: Execution, status: str, zone: tzinfo) -> str:
    """A bar's title."""
    moment = moment_text(execution.scheduled_at, zone)
    return f"{moment} · {icon_of(execution.status)} {status} · {duration(execution.duration)}"


def _in_words(shown: Sequence[Execution]) -> str:
    known = [execution.duration for execution in shown if execution.duration is not None]
    return ngettext(
        "How long the last run took: %(most)s. Runs that did not succeed: %(others)d.",
        "How long each of the last %(count)d runs took, oldest first. The shortest took %(least)s, "
        "the longest %(most)s. Runs that did not succeed: %(others)d.",
        len(shown),
    ) % {
        "count": len(shown),
        "least": duration(min(known, default=None)),
        "most": duration(longest(shown)),
        "others": sum(execution.status != Status.SUCCEEDED for execution in shown),
    }
