"""Whether another attempt follows a run that went wrong, and when.

A run that failed or timed out is tried again while its definition has `retries` left. A run that
was lost with its scheduler is tried again if the definition says `rerun_if_lost`. Then the setting
MOST_ATTEMPTS allows that many attempts, and `retries` may allow more.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import Error
from django.utils.translation import gettext as _

from countjobs.conf import Conf
from countjobs.database.primary import rows_of
from countjobs.models.definitions import JobDefinition
from countjobs.models.executions import Status
from countjobs.models.kinds import keys_by_kind

SPREAD = 0.1
"""Delays differ by up to this share, so that jobs that failed together aren't tried together."""
_NAMES = ("enabled", "retries", "retry_delay", "retry_backoff", "rerun_if_lost")


@dataclass(frozen=True)
class AttemptRules:
    """What a definition says about further attempts."""

    enabled: bool
    retries: int
    delay: float
    """Seconds before the second attempt."""
    backoff: float
    rerun_if_lost: bool


@dataclass(frozen=True)
class Verdict:
    """Whether another attempt follows."""

    follows: bool
    sentence: str
    """For the run's page. Empty if nobody expects another attempt."""
    delay: float | None = None
    """In how many seconds it may begin. None: at once."""


NO_OTHER = Verdict(follows=False, sentence="")


def rules_of(job_ids: Iterable[str]) -> dict[str, AttemptRules]:
    """The rules by job, from the definitions as they are now. One query a kind.

    Jobs from code and deleted definitions have none, nor has a definition with a value that its
    field refuses: others, and how runs ended, must not suffer from that. Raises django.db.Error.
    """
    return {
        model.job_id_of(pk): rules
        for model, pks in keys_by_kind(job_ids).items()
        for pk, rules in _rules_of_kind(model, pks)
    }


def _rules_of_kind(
    model: type[JobDefinition], pks: list[Any]
) -> Iterator[tuple[Any, AttemptRules]]:
    rows = rows_of(model).filter(pk__in=pks).values_list("pk", *_NAMES)
    try:
        found = [(pk, _sound(*values)) for pk, *values in rows]
    except Error:
        raise
    except Exception:  # raw SQL can write anything
        if len(pks) > 1:
            for pk in pks:
                yield from _rules_of_kind(model, [pk])
        return
    yield from found


def _sound(enabled: Any, retries: Any, delay: Any, backoff: Any, rerun: Any) -> AttemptRules:
    """Raises ValueError or TypeError for what is no number."""
    if not math.isfinite(backoff):
        raise ValueError(backoff)
    return AttemptRules(bool(enabled), int(retries), float(delay), float(backoff), bool(rerun))


def verdict(
    attempt: int,
    status: Status,
    rules: AttemptRules | None,
    *,
    gives_up: bool = False,
    cancelled: bool = False,
    try_after: float | None = None,
) -> Verdict:
    """Whether another attempt follows one that ended with this status.

    Args:
        attempt: Its number; 1 for the first.
        status: How it ended.
        rules: What its definition says; None if it has none.
        gives_up: Whether the job raised GiveUp.
        cancelled: Whether somebody asked the run to stop. It may have ended before it saw that.
        try_after: The seconds of TryLater, if the job raised that.
    """
    most = _most_attempts(status, rules)
    if rules is None or not (most or try_after is not None):
        return NO_OTHER
    counts = {"attempt": attempt, "next": attempt + 1, "most": max(most, 1)}
    if cancelled:
        why_not = _("There is no next attempt: somebody cancelled the run.")
    elif gives_up:
        why_not = _("There is no next attempt: the job gave up.")
    elif not rules.enabled:
        why_not = _("There is no next attempt: the job was paused.")
    elif attempt >= most:
        why_not = _("There is no next attempt: this was attempt %(attempt)d of at most %(most)d.")
    else:
        sentence = _("Attempt %(next)d of at most %(most)d follows.") % counts
        delay = None if status == Status.LOST else _delay(attempt, rules, try_after)
        return Verdict(follows=True, sentence=sentence, delay=delay)
    return Verdict(follows=False, sentence=why_not % counts)


def _most_attempts(status: Status, rules: AttemptRules | None) -> int:
    """How many attempts are allowed in all; 0 if nobody has asked for more than one."""
    if rules is None:
        return 0
    tried = rules.retries + 1
    if status == Status.LOST:
        return max(Conf.load().most_attempts, tried) if rules.rerun_if_lost else 0
    return tried if rules.retries and status in {Status.FAILED, Status.TIMED_OUT} else 0


def _delay(attempt: int, rules: AttemptRules, try_after: float | None) -> float:
    longest = float(Conf.load().retry_delay_most)
    if try_after is not None:
        return min(max(try_after, 0.0), longest)
    # A huge power would overflow. The longest delay is reached long before.
    delay = min(rules.delay, longest)
    for _again in range(attempt - 1):
        delay = min(delay * rules.backoff, longest)
    # Not cut off afterwards: half of the longest delays would be the same.
    return random.uniform(delay * (1 - SPREAD), min(delay * (1 + SPREAD), longest))  # noqa: S311  # no secret
