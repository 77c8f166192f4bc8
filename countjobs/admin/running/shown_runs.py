"""The rows of the page: runs in progress, queued runs, and attempts that wait for their time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.admin.display import badge, duration, link, moment, moment_text, outcome
from countjobs.admin.executions.ansi import plain
from countjobs.admin.executions.chain import may_begin
from countjobs.admin.executions.columns import RunFacts, read_facts
from countjobs.admin.executions.notes import is_asked_to_stop
from countjobs.admin.executions.progress import progress
from countjobs.admin.links import Links
from countjobs.admin.permits import Permits
from countjobs.admin.running.usual import is_long, usual_durations
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible

_LINES = 3
_MOST_OF_LINE = 160
TAIL = 600
"""How many characters of the end of an output are read."""


@dataclass(frozen=True)
class Row:
    """A run. Texts are ready to be shown."""

    pk: int
    name: str
    outcome: SafeString
    """With a link to the run."""
    job: SafeString
    trigger: str
    due: str
    since: str
    """Since when it has been running or waiting, if not since it was due; of an attempt that waits,
    when it may begin."""
    elapsed: str
    usual: str
    is_long: bool
    progress: SafeString | str
    scheduler: str
    tail: str
    asked: str
    """Who asked it to stop, and when; empty if nobody did."""
    can_cancel: bool


@dataclass(frozen=True)
class Reader:
    """Makes the rows for one user, at one moment."""

    links: Links
    permits: Permits
    now: datetime

    def rows(self, runs: Sequence[Execution], tails: Mapping[int, str]) -> list[Row]:
        """The rows of these runs, with the ends of their outputs by key.

        One query for the usual durations, and one for each kind of definition.
        """
        usual = usual_durations(run for run in runs if run.status == Status.RUNNING)
        facts = read_facts(runs, self.links)
        return [
            self._row(each, usual.get(each.run.job_id), tails.get(each.run.pk, ""))
            for each in facts
        ]

    def _row(self, facts: RunFacts, usual: timedelta | None, tail: str) -> Row:
        run, now = facts.run, self.now
        since = begins(run)
        elapsed = max(now - since, timedelta())
        waits = since > now
        is_asked = is_asked_to_stop(run)
        return Row(
            pk=run.pk,
            name=visible(run.job_name),
            outcome=link(self.links.to_object(Execution, run.pk), outcome(run)),
            job=link(facts.definition_url, visible(run.job_name)),
            trigger=facts.cause(),
            due=facts.due_at(),
            since=may_begin(run, facts.zone, now) if waits else _since(since, facts),
            elapsed="" if waits else duration(elapsed),
            usual=gettext("usually at most %s") % duration(usual) if usual else "",
            is_long=run.status == Status.RUNNING and is_long(elapsed, usual),
            progress=progress(run),
            scheduler=facts.host() if run.node else "",
            tail=last_lines(tail),
            asked=_asked(run, now) if is_asked else "",
            can_cancel=not is_asked and self.permits.may_run(run.job_id),
        )


def _since(since: datetime, facts: RunFacts) -> str:
    """Empty if it looks the same as when the run was due."""
    texts = {moment_text(each, facts.zone) for each in (since, facts.run.scheduled_at)}
    return "" if len(texts) == 1 else moment(since, facts.zone)


def begins(run: Execution) -> datetime:
    """When it started; if it has not, since when it waits, or when it may begin."""
    if run.status == Status.RUNNING and run.started_at:
        return run.started_at
    return run.not_before or run.scheduled_at


def last_lines(text: str) -> str:
    """The last lines of an output whose end is given, without colours."""
    lines = [line for line in plain(text).splitlines() if line.strip()]
    if len(text) == TAIL and lines:  # the beginning of the first one wasn't read
        lines[:1] = [] if len(lines) > 1 else [f"…{lines[0]}"]
    return "\n".join(_shortened(visible(line, keep="\t")) for line in lines[-_LINES:])


def _shortened(line: str) -> str:
    return line if len(line) <= _MOST_OF_LINE else f"{line[:_MOST_OF_LINE]}…"


def _asked(run: Execution, now: datetime) -> SafeString:
    ago = duration(max(now - (run.cancel_requested_at or now), timedelta()))
    who = visible(run.cancel_requested_by)
    by = gettext("by {who}, {ago} ago") if who else gettext("{ago} ago")
    return format_html(
        "{} <span>{}</span>",
        badge("paused", "■", gettext("asked to stop")),
        format_html(by, who=who, ago=ago),
    )
