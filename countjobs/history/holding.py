"""Holding all jobs, and releasing them.

While the row of `Hold` is there, schedulers claim nothing: the queries of a claim look for it. Runs
in progress go on, and so do runs that were claimed before. Once it is gone, they catch up as after
a downtime.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.database.lock_holders import wait_for_lock_holders
from countjobs.database.turns import own_turn
from countjobs.database.wakeups import notify
from countjobs.models import Execution, Hold
from countjobs.text import in_one_line

logger = in_one_line(logging.getLogger(__name__))

WAIT_SECONDS = 5.0
"""How long to wait for claims that are under way. They take milliseconds."""


def current_hold() -> Hold | None:
    """The hold, if all jobs are held. One query."""
    return Hold.objects.first()


def held_since() -> datetime | None:
    """Since when all jobs have been held; None if they aren't. One query."""
    return Hold.objects.values_list("held_at", flat=True).first()


def hold(reason: str, by: str = "") -> bool:
    """Hold all jobs: nothing is claimed until they are released.

    When it returns, no claim that began before is under way any more. Within a transaction of the
    caller's, all this holds from its commit on.

    Args:
        reason: Why, for the pages: 1 to 2,000 characters.
        by: Who holds them: a user's name, at most 255 characters.

    Returns:
        Whether they were not held before. If they were, that hold stays as it is.

    Raises:
        ValueError: The reason or the name can't be stored.
    """
    text = reason.strip().replace("\r\n", "\n")  # as forms send it
    made = Hold(reason=text, held_by=by, held_at=timezone.now())
    try:
        made.clean_fields()
    except ValidationError as error:
        raise ValueError(" ".join(error.messages)) from error
    values = {"reason": made.reason, "held_by": by, "held_at": made.held_at}
    with own_turn(), transaction.atomic():
        _found, is_new = Hold.objects.get_or_create(pk=Hold.ONLY, defaults=values)
        transaction.on_commit(_let_claims_end)
    if is_new:
        logger.warning("All jobs are held by %s: %s", by or "somebody", made.reason)
    return is_new


def _let_claims_end() -> None:
    tables = [DjangoJob._meta.db_table, Execution._meta.db_table]
    if not wait_for_lock_holders(tables, WAIT_SECONDS):
        logger.warning(
            "A transaction has locked jobs for over %d s. If it is a claim, it may still start"
            " runs.",
            WAIT_SECONDS,
        )


def release(by: str = "", *, held_at: datetime | None = None) -> bool:
    """Release all jobs, and wake the schedulers. They catch up as after a downtime.

    Args:
        by: Who releases them, for the log.
        held_at: Release only the hold of this moment, not a later one.

    Returns:
        Whether they were held.
    """
    holds = Hold.objects.all() if held_at is None else Hold.objects.filter(held_at=held_at)
    with own_turn(), transaction.atomic():
        count, _each = holds.delete()
        if count:
            notify()
    if count:
        logger.warning("All jobs are released by %s.", by or "somebody")
    return bool(count)
