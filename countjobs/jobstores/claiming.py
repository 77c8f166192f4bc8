"""Claiming what can be claimed, even if the database refuses something.

A job's own errors park it inside the claim. So errors that a claim raises are the database's, and
the claim is tried again for as long as they last. A kind whose table can't be read, or a row that
the database refuses, doesn't stop the others: it is passed over for a moment.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import Error
from django_apscheduler.models import DjangoJob

from countjobs.database.outages import AWAY, Outage
from countjobs.database.primary import rows_of
from countjobs.jobstores.claims import Claims, claim
from countjobs.jobstores.passed import MOST, PassedOver
from countjobs.jobstores.restoring import KindError, Strange
from countjobs.jobstores.signing import is_sealed
from countjobs.models import Execution
from countjobs.models.kinds import definition_key
from countjobs.text import counted, in_one_line

logger = in_one_line(logging.getLogger(__name__))

MOST_REFUSED = 10
"""If this many jobs are refused and none is claimed, the fault is the database's, not the jobs'."""
_MOST_TOLD = 10_000
_MOST_NAMES = 5


class Claiming:
    """The claims of one scheduler.

    Args:
        node: Its name.
        busy: Returns how many runs of each job it has going on.
    """

    def __init__(self, node: str, busy: Callable[[], Counter[str]]) -> None:
        self.node = node
        self.passed = PassedOver()
        self.outage = Outage()
        self._busy = busy
        self._suspected: set[str] = set()
        """Kinds whose tables could not be read; or just the connection broke."""
        self._told: set[str] = set()
        self._rooms: Counter[str] = Counter()

    def take(self, now: datetime, limit: int, rooms: Mapping[str, int]) -> Claims:
        """Claim what can be claimed, at most `limit` jobs, and no more than executors have room
        for. If that is nothing, raises what the database raised.
        """
        self._rooms = Counter(rooms)
        try:
            claims = self._take_kinds(now, limit)
        except AWAY:
            raise
        except Exception as error:  # each by itself, it is told
            self.passed.full = frozenset()  # a kind's table that can't be read must not stop others
            logger.debug("A batch of jobs can't be claimed; trying one by one.", exc_info=error)
            claims = self._take_each(now, limit)
        self._suspected.clear()
        self._pass_over(claims.strange)
        if any(each.is_foreign for each in claims.strange):
            self._pass_over_all_foreign(now)
        return claims

    def settle(self) -> None:
        """A claim worked. The outage is over, unless the database still refuses something."""
        if not self.passed.is_refused:
            self.outage.is_over()

    def _take_kinds(self, now: datetime, limit: int) -> Claims:
        """One claim, without the kinds whose tables can't be read."""
        while True:
            try:
                return self._claim(now, limit)
            except KindError as fault:
                cause = fault.__cause__
                if isinstance(cause, AWAY) and fault.label not in self._suspected:
                    self._suspected.add(fault.label)
                    raise cause from None  # perhaps just this connection broke: try again
                self._refuse_kind(fault)

    def _refuse_kind(self, fault: KindError) -> None:
        self.passed.refuse_kind(fault.label)
        cause = fault.__cause__
        error = cause if isinstance(cause, Exception) else fault
        self.outage.tell(logger, error, "Jobs of the kind %s can't be read now", fault.label)

    def _take_each(self, now: datetime, limit: int) -> Claims:
        """Claim job by job, as many as can be claimed."""
        due = rows_of(DjangoJob).filter(next_run_time__lte=now).order_by("next_run_time")
        ids = self.passed.narrow(due, "id").values_list("id", flat=True)[:limit]
        requested = self.passed.narrow(Execution.objects.requested(now), "job_id")
        asked = requested.values_list("job_id", flat=True)[:limit]
        claims = Claims()
        refused: dict[str, Exception] = {}
        tried = list(dict.fromkeys([*asked, *ids]))
        for job_id in tried:
            try:
                one = self._claim(now, 1, only=job_id)
                self._rooms.subtract(job.executor for job in one.jobs)
                _add(claims, one)
            except AWAY:
                if claims.jobs:  # committed: they are ours to start
                    break
                raise
            except Exception as error:
                refused[job_id] = error
                if len(refused) >= MOST_REFUSED and not claims.jobs:
                    raise
                self.passed.refuse_job(job_id)
                message = 'The database refuses to claim job "%s", trying again'
                self.outage.tell(logger, error, message, job_id)
            if len(claims.jobs) >= limit:
                break
        if refused and len(refused) == len(tried) < limit:  # all: no single job is at fault
            for job_id in refused:
                self.passed.forget(job_id)
            raise refused[tried[-1]]
        return claims

    def _claim(self, now: datetime, limit: int, only: str | None = None) -> Claims:
        return claim(
            now,
            limit=limit,
            node=self.node,
            busy=self._busy(),
            only=only,
            passed=self.passed,
            rooms=self._rooms,
        )

    def _pass_over_all_foreign(self, now: datetime) -> None:
        """Pass over all due rows that other programs wrote, at once: there may be thousands."""
        due = rows_of(DjangoJob).filter(next_run_time__lte=now).order_by("next_run_time")
        rows = self.passed.narrow(due, "id").values_list("id", "job_state")
        try:  # runs have been claimed, and have to start whatever happens here
            # One more than can be remembered tells that there are too many.
            found = list(rows[: self.passed.room + 1])
        except Error as error:
            logger.debug("Rows of other programs can't be counted now.", exc_info=error)
            return
        for job_id, state in found:
            if not definition_key(job_id) and not is_sealed(job_id, bytes(state)):
                self._remember(job_id)

    def _remember(self, job_id: str) -> None:
        if not self.passed.add_job(job_id):
            logger.warning(
                "More than %s due jobs are unknown to this scheduler. For the next minute it claims"
                " no jobs from code, only definitions.",
                f"{MOST:,}",
            )

    def _pass_over(self, strange: list[Strange]) -> None:
        """Leave unknown rows alone, and log that once."""
        news = []
        for each in strange:
            if not each.kind:
                self._remember(each.job_id)
            elif not self.passed.add_kind(each.kind):
                continue
            name = each.kind or each.job_id
            if name not in self._told and len(self._told) < _MOST_TOLD:
                self._told.add(name)
                news.append(each)
        for each in news[:_MOST_NAMES]:
            what = f"jobs of the kind {each.kind}" if each.kind else f'job "{each.job_id}"'
            logger.warning("Left to other schedulers: %s. %s", what, each.reason)
        if (more := len(news) - _MOST_NAMES) > 0:
            logger.warning("Left to other schedulers: %s more.", counted(more, "job"))


def _add(claims: Claims, one: Claims) -> None:
    claims.jobs += one.jobs
    claims.not_run += one.not_run
    claims.parked += one.parked
    claims.strange += one.strange
    claims.to_write += one.to_write
    claims.no_room += one.no_room
