"""Composing: what the alerts of one message say, as a subject, text, HTML, and JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from countjobs.alerts.events import Event
from countjobs.alerts.message import Message
from countjobs.alerts.models import Alert
from countjobs.conf import Conf
from countjobs.models import Execution
from countjobs.models.kinds import definition_key
from countjobs.text import visible

MOST_SHOWN = 10
"""How many jobs of each event a text names."""
_ORDER = (
    Event.BROKE,
    Event.FAILED,
    Event.SILENT,
    Event.PAUSED,
    Event.RECOVERED,
    Event.TEST,
)


@dataclass(frozen=True)
class Line:
    """What a text says of one alert."""

    job: str
    happened: str
    """Since when; empty if `job` says that, or for a test."""
    reason: str
    run_url: str
    job_url: str


@dataclass(frozen=True)
class Section:
    """The alerts of one event."""

    title: str
    lines: list[Line]
    more: str
    """That there are more than are named; empty if there aren't."""
    more_url: str
    """Where all of them are."""
    advice: str


def compose(alerts: Sequence[Alert], message_id: UUID) -> Message:
    """The message of these alerts, which are at least one, in the language of the installation."""
    with translation.override(settings.LANGUAGE_CODE), timezone.override(None):
        sections = [
            _section(event, found)
            for event in _events_of(alerts)
            if (found := [alert for alert in alerts if alert.event == event])
        ]
        subject = _subject(alerts)
        context = {"subject": subject, "sections": sections, "site": Conf.load().site_url}
        text = render_to_string("countjobs/alerts/message.txt", context)
        html = render_to_string("countjobs/alerts/message.html", context)
        return Message(
            id=str(message_id),
            subject=f"{_prefix()}{subject}",
            text=f"{text.strip()}\n",
            html=html,
            payload=_payload(alerts, message_id, subject, text.strip()),
        )


def _events_of(alerts: Sequence[Alert]) -> list[str]:
    """All events in order, and then those that only a newer release knows."""
    return list(dict.fromkeys((*_ORDER, *(alert.event for alert in alerts))))


def _prefix() -> str:
    host = urlsplit(Conf.load().site_url).hostname
    return f"[{host}] " if host else ""


def _subject(alerts: Sequence[Alert]) -> str:
    if len(alerts) == 1:
        return happened(alerts[0])
    counts = [
        _counted(event, len(_newest_of_jobs(found)), is_reminder=reminder)
        for event in _events_of(alerts)
        for reminder in (False, True)
        if (found := [a for a in alerts if (a.event, a.is_reminder) == (event, reminder)])
    ]
    since = min(alert.created_at for alert in alerts)
    what = _(", ").join(counts)
    return _("%(what)s since %(since)s") % {"what": what, "since": _moment(since)}


def happened(alert: Alert) -> str:
    """What an alert says, in one line."""
    if alert.event == Event.TEST:
        return _("A test: messages arrive here.")
    sentence = _BEGUN.get(alert.event)
    if alert.is_reminder:
        sentence = _REMINDERS.get(alert.event, sentence)
    elif alert.event == Event.RECOVERED:
        sentence = _OVER.get(alert.recovered_from)
    if sentence is None:
        return f"{visible(alert.job_name)}: {visible(alert.get_event_display())}"
    return sentence() % {
        "job": visible(alert.job_name),
        "since": _moment(alert.since or alert.created_at),
    }


_Sentences: TypeAlias = dict[str, Callable[[], str]]
_BEGUN: _Sentences = {
    Event.FAILED: lambda: _("Job “%(job)s” failed"),
    Event.SILENT: lambda: _("Job “%(job)s” is silent"),
    Event.PAUSED: lambda: _("Job “%(job)s” paused itself"),
    Event.BROKE: lambda: _("Job “%(job)s” is broken"),
}
_OVER: _Sentences = {
    Event.FAILED: lambda: _("Job “%(job)s” succeeded again"),
    Event.SILENT: lambda: _("Job “%(job)s” is no longer silent"),
    Event.BROKE: lambda: _("Job “%(job)s” is no longer broken"),
}
_REMINDERS: _Sentences = {
    Event.FAILED: lambda: _("Job “%(job)s” still fails, since %(since)s"),
    Event.SILENT: lambda: _("Job “%(job)s” is still silent, since %(since)s"),
    Event.BROKE: lambda: _("Job “%(job)s” is still broken, since %(since)s"),
}


def _counted(event: str, number: int, *, is_reminder: bool = False) -> str:
    """How many jobs an event has happened to."""
    texts: dict[str, str]
    if is_reminder:
        texts = {
            Event.FAILED: ngettext("%d job still fails", "%d jobs still fail", number),
            Event.SILENT: ngettext("%d job is still silent", "%d jobs are still silent", number),
            Event.BROKE: ngettext("%d job is still broken", "%d jobs are still broken", number),
        }
    else:
        texts = {
            Event.FAILED: ngettext("%d job failed", "%d jobs failed", number),
            Event.RECOVERED: ngettext("%d job recovered", "%d jobs recovered", number),
            Event.SILENT: ngettext("%d job is silent", "%d jobs are silent", number),
            Event.PAUSED: ngettext("%d job paused itself", "%d jobs paused themselves", number),
            Event.BROKE: ngettext("%d job is broken", "%d jobs are broken", number),
            Event.TEST: ngettext("%d test", "%d tests", number),
        }
    other = ngettext("%d other event", "%d other events", number)
    return texts.get(event, other) % number


def _newest_of_jobs(alerts: Sequence[Alert]) -> list[Alert]:
    """The newest alert of each job. One that fails and recovers all the time is one job."""
    return list({alert.job_id: alert for alert in alerts}.values())


def _section(event: str, found: list[Alert]) -> Section:
    alerts = _newest_of_jobs(found)
    left = len(alerts) - MOST_SHOWN
    more = ngettext("And %d more.", "And %d more.", left) % left if left > 0 else ""
    are_reminders = all(alert.is_reminder for alert in alerts)
    return Section(
        title=_counted(event, len(alerts), is_reminder=are_reminders) if len(alerts) > 1 else "",
        lines=[_line(alert) for alert in alerts[:MOST_SHOWN]],
        more=more,
        more_url=_url(f"{Alert._meta.app_label}_alert_changelist") if more else "",
        advice=_advice(event),
    )


def _line(alert: Alert) -> Line:
    since = alert.since or alert.created_at
    when = _("Since %(since)s.") % {"since": _moment(since)}
    if alert.event == Event.SILENT:
        when = _("No success since %(since)s.") % {"since": _moment(since)}
    elif alert.event == Event.RECOVERED:
        when = _("The trouble began at %(since)s.") % {"since": _moment(since)}
    return Line(
        job=happened(alert),
        happened="" if alert.event == Event.TEST or alert.is_reminder else when,
        reason=visible(alert.reason),
        run_url=_run_url(alert),
        job_url=_job_url(alert.job_id),
    )


def _advice(event: str) -> str:
    advice: dict[str, str] = {
        Event.FAILED: _(
            "Look at the run's error and output. When the cause is gone, run the job again: its"
            " next success ends this."
        ),
        Event.SILENT: _(
            "See whether a run hangs, whether its due times are skipped or missed, and whether"
            " schedulers are alive."
        ),
        Event.PAUSED: _("It doesn't run until somebody resumes it."),
        Event.BROKE: _("Its definition doesn't fit the code. Change one of them."),
    }
    return advice.get(event, "")


def _moment(at: datetime) -> str:
    """A time, in the installation's zone."""
    try:
        local = timezone.localtime(at)
    except OverflowError:  # raw SQL's: the end of the calendar
        local = at
    return f"{date_format(local, 'Y-m-d H:i')} {local:%Z}"


def _run_url(alert: Alert) -> str:
    """The address of its run's page; empty without SITE_URL, or without such a page."""
    if alert.execution_id is None:
        return ""
    return _url(f"{Execution._meta.app_label}_execution_change", alert.execution_id)


def _job_url(job_id: str) -> str:
    """The address of the definition's page; empty if there is none."""
    if (key := definition_key(job_id)) is None:
        return ""
    model, pk = key
    return _url(f"{model._meta.app_label}_{model._meta.model_name}_change", pk)


def _url(name: str, *key: object) -> str:
    site = Conf.load().site_url.rstrip("/")
    if not site:
        return ""
    try:
        return site + reverse(f"admin:{name}", args=key)
    except NoReverseMatch:  # this project has no such page
        return ""


def _payload(alerts: Sequence[Alert], message_id: UUID, subject: str, text: str) -> dict[str, Any]:
    """For programs. `text` is there for chat services, which show just that."""
    return {
        "id": str(message_id),
        "subject": subject,
        "text": text,
        "count": len(alerts),
        "alerts": [
            {
                "event": alert.event,
                "recovered_from": alert.recovered_from or None,
                "is_reminder": alert.is_reminder,
                "job_id": alert.job_id,
                "job": alert.job_name,
                "group": alert.group,
                "since": _iso(alert.since),
                "happened_at": _iso(alert.created_at),
                "reason": alert.reason,
                "run": alert.execution_id,
                "run_url": _run_url(alert) or None,
                "job_url": _job_url(alert.job_id) or None,
            }
            for alert in alerts
        ],
    }


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
