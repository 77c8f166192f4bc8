"""What a scheduler passes over for a while, so that its claims don't find it again and again.

These are rows that it doesn't know (of an app that isn't installed here, or written by a newer
version or another program), rows that the database refuses at present, and jobs whose executor has
no room. Claims leave them out of their queries, so they take no other row's place in a batch.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Any

from django.db import connection, models

from countjobs.models import JobDefinition
from countjobs.models.kinds import concrete_definitions

STRANGE_SECONDS = 60.0
"""How long an unknown row is passed over. After that it is looked at again, because somebody may
have rewritten it."""
REFUSED_SECONDS = 5.0
"""How long what the database refuses is passed over."""
MOST = 10_000
"""How many rows are remembered, not counting definitions. If there are more, all jobs from code are
passed over for a while. Otherwise queries would grow for ever, or find the same rows for ever.
"""


class PassedOver:
    """Kinds of definitions, and jobs by their ids, each for a while."""

    def __init__(self) -> None:
        self._kinds: dict[str, float] = {}
        self._jobs: dict[str, float] = {}
        self._refused: dict[str, float] = {}
        self.full: frozenset[str] = frozenset()
        """Executors that have no room. Their definitions are passed over."""
        self._wait: dict[str, dict[str, float]] = {}
        """By executor, other jobs that wait for room in it, in order: those from code."""
        self._only_definitions_until = 0.0
        """By the monotonic clock; 0 where jobs from code are looked at, too."""

    def __bool__(self) -> bool:
        by_ids = self._kinds or self._jobs or self._wait
        return bool(by_ids or self.full or self._only_definitions_until)

    @property
    def full_executors(self) -> list[str]:
        """The executors that jobs may wait for."""
        return sorted({*self.full, *self._wait})

    def wait_for_room(self, executor: str, job_id: str) -> None:
        """Pass over a job until its executor has room. Now and then it is looked at all the same:
        somebody may have given it another executor.
        """
        self._wait.setdefault(executor, {})[job_id] = time.monotonic() + STRANGE_SECONDS

    def make_room(self, rooms: Mapping[str, int]) -> int:
        """Look again at those that wait for an executor which has room now, the first ones.

        Returns how many these are.
        """
        count = 0
        for executor, waiting in list(self._wait.items()):
            for job_id in list(islice(waiting, max(rooms.get(executor, 0), 0))):
                del waiting[job_id]
                count += 1
            if not waiting:
                del self._wait[executor]
        return count

    @property
    def room(self) -> int:
        """How many more rows can be remembered."""
        return 0 if self._only_definitions_until else max(MOST - len(self._jobs), 0)

    @property
    def is_refused(self) -> bool:
        """Whether something of it is refused by the database."""
        return bool(self._refused)

    def add_kind(self, label: str) -> bool:
        """Pass over a kind that this process doesn't know. Returns whether that is new."""
        is_new = label not in self._kinds
        self._kinds[label] = float("inf")
        return is_new

    def add_job(self, job_id: str) -> bool:
        """Pass over an unknown row for a while. Returns False if there are too many: from then on
        only definitions are looked at.
        """
        until = time.monotonic() + STRANGE_SECONDS
        if self.room or _is_definition(job_id):
            self._jobs[job_id] = until
        elif not self._only_definitions_until:
            self._only_definitions_until = until
            self._jobs = {each: at for each, at in self._jobs.items() if _is_definition(each)}
            return False
        return True

    def refuse_kind(self, label: str) -> None:
        """Pass over a kind whose table can't be read, for a moment."""
        self._kinds[label] = self._refused[label] = time.monotonic() + REFUSED_SECONDS

    def refuse_job(self, job_id: str) -> None:
        """Pass over a job that the database refuses, for a moment."""
        self._jobs[job_id] = self._refused[job_id] = time.monotonic() + REFUSED_SECONDS

    def forget(self, job_id: str) -> None:
        """A row was rewritten: look at it again."""
        for known in (self._jobs, self._refused):
            known.pop(job_id, None)
        for waiting in self._wait.values():
            waiting.pop(job_id, None)

    def expire(self) -> None:
        """Look again at what has been passed over long enough."""
        if not self:
            return
        now = time.monotonic()
        for known in (self._kinds, self._jobs, self._refused, *self._wait.values()):
            for key in [key for key, until in list(known.items()) if until <= now]:
                known.pop(key, None)
        if self._only_definitions_until <= now:
            self._only_definitions_until = 0.0

    def condition(self, column: str) -> tuple[str, list[Any]]:
        """SQL that holds for all other jobs, by a column with their ids, and its parameters."""
        parts: list[str] = []
        params: list[Any] = []
        for label in list(self._kinds):
            prefix = f"{label}:"
            parts.append(f"substr({column}, 1, %s) <> %s")
            params += [len(prefix), prefix]
        if self._only_definitions_until:
            known = _prefixes()
            parts.append(f"({' OR '.join(f'substr({column}, 1, %s) = %s' for _ in known)})")
            params += [value for prefix in known for value in (len(prefix), prefix)]
        for kind in _kinds_with_plain_keys() if self.full else ():
            if kind._meta.label_lower not in self._kinds:
                sql, more = _definitions_of(kind, self.full)
                parts.append(f"{column} NOT IN ({sql})")
                params += more
        if jobs := [*self._jobs, *(job_id for some in self._wait.values() for job_id in some)]:
            is_sqlite = connection.vendor == "sqlite"
            among = "NOT IN (SELECT value FROM json_each(%s))" if is_sqlite else "<> ALL (%s)"
            parts.append(f"{column} {among}")
            params.append(json.dumps(jobs) if is_sqlite else jobs)
        return " AND ".join(parts) or "true", params

    def narrow(self, queryset: Any, field: str) -> Any:
        """A query without the rows that are passed over."""
        if not self:
            return queryset
        model: type[models.Model] = queryset.model
        column = model._meta.get_field(field).column  # type: ignore[union-attr]
        names = (model._meta.db_table, str(column))
        sql, params = self.condition(".".join(map(connection.ops.quote_name, names)))
        return queryset.extra(where=[sql], params=params)  # noqa: S610  # names only


def _prefixes() -> list[str]:
    """How the ids of definitions begin, of the kinds known here."""
    return [model.job_id_of("") for model in concrete_definitions()]


def _kinds_with_plain_keys() -> list[type[JobDefinition]]:
    """The kinds whose job ids SQL can make: their keys are stored as they are written."""
    plain = (models.AutoField, models.IntegerField, models.CharField)
    return [kind for kind in concrete_definitions() if isinstance(kind._meta.pk, plain)]


def _definitions_of(kind: type[JobDefinition], executors: Collection[str]) -> tuple[str, list[Any]]:
    """SQL for the job ids of the definitions with these executors, and its parameters."""
    quote, meta = connection.ops.quote_name, kind._meta
    among = ", ".join(["%s"] * len(executors))
    key, table = quote(meta.pk.column), quote(meta.db_table)  # type: ignore[arg-type]
    sql = f"SELECT %s || CAST({key} AS varchar) FROM {table} WHERE executor IN ({among})"  # noqa: S608  # names only
    return sql, [kind.job_id_of(""), *executors]


def _is_definition(job_id: str) -> bool:
    return job_id.startswith(tuple(_prefixes()))


NOTHING = PassedOver()
"""Nothing is passed over."""
