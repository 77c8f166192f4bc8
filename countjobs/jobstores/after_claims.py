"""What follows claims, once they are committed."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db import Error

from countjobs.database.turns import own_turn
from countjobs.jobstores.plan import NotRun
from countjobs.jobstores.rows import write_rows
from countjobs.models import JobDefinition
from countjobs.text import counted, in_one_line

logger = in_one_line(logging.getLogger(__name__))

_MOST_NAMES = 5
"""How many names of skipped or missed jobs one line of the log has."""


def write_anew(definitions: list[JobDefinition], now: datetime) -> None:
    """Rewrite rows of definitions that something else wrote. They have been claimed anyway."""
    by_kind: defaultdict[type[JobDefinition], list[Any]] = defaultdict(list)
    for definition in definitions:
        by_kind[type(definition)].append(definition.pk)
    for kind, pks in by_kind.items():
        try:
            with own_turn():
                mended = write_rows(kind, pks, now)
        except Error as error:
            logger.warning("Rows of the job store can't be rewritten now: %s", error)
            return
        for line in mended:
            logger.warning("A row that something else had written was corrected: %s", line)


def log_not_run(claimed: list[tuple[str, NotRun]]) -> None:
    """Log one line for all that were skipped, and one for all that were missed."""
    for status in dict.fromkeys(not_run.status for _job_id, not_run in claimed):
        found = [each for each in claimed if each[1].status == status]
        job_id, first = found[0]
        if len(found) == 1:
            logger.warning('Job "%s" %s: %s', job_id, status, first.reason)
            continue
        names = ", ".join(f'"{each}"' for each, _not_run in found[:_MOST_NAMES])
        more = ", …" * (len(found) > _MOST_NAMES)
        logger.warning(
            "%s %s: %s%s. The first: %s",
            counted(len(found), "job"),
            status,
            names,
            more,
            first.reason,
        )
