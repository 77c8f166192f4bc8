"""The attempts of a run: which of them it is, and how the others of its chain went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from countjobs.admin.display import duration, moment, outcome, soon
from countjobs.admin.links import Links
from countjobs.conf import Conf
from countjobs.models import Execution, JobDefinition
from countjobs.models.executions import Status


def is_in_chain(run: Execution) -> bool:
    """Whether the run is one of several attempts."""
    return run.attempt > 1 or run.next_attempt is not None


def place(run: Execution, definition: JobDefinition | None) -> str:
    """Which attempt it is, and of how many: "2 of 4".

    It is just "2" if the definition was deleted, or doesn't allow so many any more.
    """
    most = _most(run, definition) if definition else 1
    if most == 1 or most < run.attempt:
        return str(run.attempt)
    return gettext("%(attempt)d of %(most)d") % {"attempt": run.attempt, "most": most}


def _most(run: Execution, definition: JobDefinition) -> int:
    """How many attempts the definition allows. Losses may allow more than failures."""
    tried = definition.retries + 1
    if definition.rerun_if_lost and is_in_chain(run) and (tried == 1 or run.attempt > tried):
        return max(Conf.load().most_attempts, tried)
    return tried


def is_waiting(run: Execution, now: datetime) -> bool:
    """Whether it is an attempt whose time has not come."""
    return run.status == Status.QUEUED and run.not_before is not None and run.not_before > now


def may_begin(run: Execution, zone: tzinfo, now: datetime) -> SafeString:
    """When an attempt that waits may begin: the time, and how soon that is."""
    when = moment(run.not_before, zone)
    wait = soon((run.not_before or now) - now)
    return format_html(gettext("{when} ({wait})"), when=when, wait=wait)


@dataclass(frozen=True)
class Attempt:
    """A line of the table."""

    number: int
    url: str
    """Empty for the run of the page itself."""
    outcome: SafeString
    started: SafeString | str
    took: str


@dataclass(frozen=True)
class Chain:
    """All attempts, in order."""

    place: str
    """Which one the page is about."""
    next: str
    """When the next one may begin; empty if none waits, and on its own page."""
    rows: list[Attempt]


def read_chain(
    run: Execution, definition: JobDefinition | None, zone: tzinfo, links: Links, now: datetime
) -> Chain | None:
    """The chain of a run; None if it is its only attempt. One query."""
    attempts = list(Execution.objects.attempts_of(run).for_list())
    if len(attempts) < 2:  # noqa: PLR2004
        return None
    return Chain(
        place=gettext("Attempt %s.") % place(run, definition),
        next="" if run == attempts[-1] else _next(attempts, zone, now),
        rows=[_row(each, run, zone, links, now) for each in attempts],
    )


def _next(attempts: Sequence[Execution], zone: tzinfo, now: datetime) -> str:
    *_others, before, last = attempts
    if not is_waiting(last, now):
        return ""
    when = may_begin(last, zone, now)
    if before.finished_at is None or last.not_before is None:
        return format_html(gettext("The next attempt may begin at {when}."), when=when)
    pause = max(last.not_before - before.finished_at, timedelta())
    text = gettext("The next attempt may begin at {when}, {pause} after the previous one ended.")
    return format_html(text, when=when, pause=duration(pause))


def _row(each: Execution, run: Execution, zone: tzinfo, links: Links, now: datetime) -> Attempt:
    waits = is_waiting(each, now)
    return Attempt(
        number=each.attempt,
        url="" if each.pk == run.pk else links.to_object(Execution, each.pk),
        outcome=outcome(each),
        started=may_begin(each, zone, now) if waits else moment(each.started_at, zone),
        took=duration(each.duration),
    )
