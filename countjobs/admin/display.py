"""How pages show things: badges, dates, durations, links. All of it is escaped here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeVar

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.models.newest_runs import Past

Item = TypeVar("Item")

NOTHING = "-"
"""Shown instead of nothing, as in Django's own lists."""

ICONS: dict[str, str] = {
    Execution.Status.QUEUED: "…",
    Execution.Status.RUNNING: "▸",
    Execution.Status.SUCCEEDED: "✓",
    Execution.Status.FAILED: "✗",
    Execution.Status.TIMED_OUT: "◷",
    Execution.Status.LOST: "?",
    Execution.Status.CANCELLED: "⊘",
    Execution.Status.MISSED: "!",
    Execution.Status.SKIPPED: "»",
}


def badge(look: str, icon: str, word: object, title: str = "") -> SafeString:
    """A word with an icon and a colour. The colour alone means nothing."""
    return format_html(
        '<span class="countjobs-badge countjobs-{}"{}><span aria-hidden="true">{}</span> {}</span>',
        look,
        format_html(' title="{}"', title) if title else "",
        icon,
        word,
    )


def outcome(execution: Execution | Past) -> SafeString:
    """The badge of an execution's status."""
    return badge(execution.status, icon_of(execution.status), status_word(execution.status))


def icon_of(status: str) -> str:
    """The icon of a status; a question mark if it is unknown."""
    return ICONS.get(status, "?")


def status_word(status: str) -> str:
    """The label of a status; an unknown one is its own label."""
    return str(Status(status).label) if status in Status else status


def moment_text(moment: datetime, zone: tzinfo) -> str:
    """A date and time in a zone, to the second, with the zone's abbreviation."""
    try:
        local = moment.astimezone(zone)
    except OverflowError:  # raw SQL's: at the end of the calendar, there is no such time in a zone
        local = moment.astimezone(UTC)
    return f"{local:%Y-%m-%d %H:%M:%S %Z}"


def moment(instant: datetime | None, zone: tzinfo) -> str:
    """The same as HTML, with a machine-readable date."""
    if instant is None:
        return NOTHING
    day, time = moment_text(instant, zone).split(" ", 1)
    return format_html(
        '<time datetime="{}" class="countjobs-moment"><span>{}</span> <span>{}</span></time>',
        instant.astimezone(UTC).isoformat(),
        day,
        time,
    )


def duration(delta: timedelta | None) -> str:
    """A duration in its two largest units."""
    if delta is None:
        return NOTHING
    if delta < timedelta():
        return f"-{duration(-delta)}"
    seconds = delta.total_seconds()
    if 0 < seconds < 0.001:  # noqa: PLR2004
        return gettext("%(n).1f ms") % {"n": max(seconds * 1_000, 0.1)}
    if seconds < 1:
        return gettext("%(n)d ms") % {"n": delta // timedelta(milliseconds=1)}
    if seconds < 60:  # noqa: PLR2004
        return gettext("%(n).1f s") % {"n": int(seconds * 10) / 10}
    return _two_units(int(seconds))


def _two_units(seconds: int) -> str:
    minutes, hours, days = seconds // 60, seconds // 3_600, seconds // 86_400
    if days:
        return gettext("%(days)d d %(hours)d h") % {"days": days, "hours": hours % 24}
    if hours:
        return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes % 60}
    return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": seconds % 60}


def soon(wait: timedelta) -> str:
    """How long from now on: "in 3 h 20 min"."""
    seconds = round(wait.total_seconds())
    short = gettext("%(n)d s") % {"n": seconds}
    said = short if seconds < 60 else duration(timedelta(seconds=seconds))  # noqa: PLR2004
    return gettext("in %(duration)s") % {"duration": said}


def link(url: str, content: object) -> SafeString:
    """A link, or just its content if there is no URL."""
    return format_html('<a href="{}">{}</a>', url, content) if url else format_html("{}", content)


def pre(text: str) -> str:
    """Text as it is, in a box."""
    if not text:
        return NOTHING
    # A box that scrolls must be within reach of the keyboard.
    return format_html('<pre class="countjobs-text" tabindex="0">{}</pre>', text)


_MOST_LINKS = 10


def some_of(
    items: Sequence[Item], target: Callable[[Item], tuple[str, object]], more_url: str = ""
) -> SafeString:
    """Links to the first of many, given their URLs and texts, and how many more there are."""
    shown = [target(item) for item in items[:_MOST_LINKS]]
    told = format_html_join(", ", "{}", ((link(url, words),) for url, words in shown))
    if not (rest := len(items) - len(shown)):
        return told
    more = ngettext("and %d more", "and %d more", rest) % rest
    return told + format_html(" {}", link(more_url, more))
