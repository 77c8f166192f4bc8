"""What the page of a run says about it in sentences: how it ended, or why it has not ended yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext

from countjobs.admin.display import duration, moment
from countjobs.admin.executions.chain import is_waiting, may_begin
from countjobs.admin.executions.columns import RunFacts
from countjobs.conf import Conf
from countjobs.models import Execution
from countjobs.models.executions import Status
from countjobs.text import visible

_MOST = 300
"""Characters of a reason. The page has all of it below."""


def notes_of(facts: RunFacts, now: datetime, *, can_cancel: bool) -> Iterator[SafeString | str]:
    """The sentences. `can_cancel` says whether the reader may cancel the run."""
    run = facts.run
    if is_waiting(run, now):
        when = may_begin(run, facts.zone, now)
        yield format_html(gettext("This attempt may begin at {when}."), when=when)
    if is_asked_to_stop(run):
        yield _asked(facts, now)
    if run.status == Status.RUNNING and (can_cancel or is_asked_to_stop(run)):
        yield from _limits_of_threads(facts)
    if run.status in {Status.CANCELLED, Status.TIMED_OUT} and run.error:
        first_line = run.error.strip().partition("\n")[0]
        yield visible(Truncator(first_line).chars(_MOST))


def is_asked_to_stop(run: Execution) -> bool:
    """Whether somebody has asked it to stop, and it still goes on."""
    return run.status == Status.RUNNING and run.cancel_requested_at is not None


def _asked(facts: RunFacts, now: datetime) -> SafeString:
    at = facts.run.cancel_requested_at or now
    who = visible(facts.run.cancel_requested_by)
    text = (
        gettext("{who} asked it to stop at {when}, {ago} ago. It has not ended yet.")
        if who
        else gettext("It was asked to stop at {when}, {ago} ago. It has not ended yet.")
    )
    ago = duration(max(now - at, timedelta()))
    return format_html(text, who=who, when=moment(at, facts.zone), ago=ago)


def _limits_of_threads(facts: RunFacts) -> Iterator[str]:
    definition = facts.definition
    if definition is not None and not Conf.load().can_stop_runs(definition.executor):
        yield gettext(
            "It runs in a thread, and stops only if its job checks whether it was cancelled. "
            "Otherwise it is recorded as cancelled a few seconds later, but the job goes on."
        )
