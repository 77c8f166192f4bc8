"""Writing definitions, one or many at once. Every way to do so tells the job store.

Whatever writes definitions sends a signal in the transaction that writes them:
`definitions_changed` or `definitions_deleted`. The job store listens, and writes the row that
schedulers look at. So nobody ever sees a definition and a row that differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from django.db import connections, models, transaction
from django.dispatch import Signal
from django.utils import timezone

from countjobs.database.batches import batches
from countjobs.database.deadlocks import again_after_deadlock
from countjobs.database.distinct import distinct_values
from countjobs.database.primary import PrimaryQuerySet

if TYPE_CHECKING:
    from countjobs.models.definitions import JobDefinition

definitions_changed = Signal()
"""Sent with `sender` (the model) and `pks`, inside the transaction that wrote these definitions."""

definitions_deleted = Signal()
"""The same for definitions that were deleted."""

_MAY_LACK_START = {"schedule_type", "start_date"}
"""What an update sets, if it may leave an interval without a start."""

_BATCH = 10_000
"""Values in one statement. SQLite takes 32,766, servers and drivers 65,535."""


def may_lack_start(definition: JobDefinition, written: Collection[str] | None) -> bool:
    """Whether a save of these fields (None: all) may leave an interval without a start.

    Fields that were never loaded are not written either, and asking for them would load them.
    """
    if definition.get_deferred_fields() & _MAY_LACK_START:
        return False
    return written is None or not _MAY_LACK_START.isdisjoint(written)


class JobDefinitionQuerySet(PrimaryQuerySet["JobDefinition"]):
    """A queryset of definitions. Each way to write many at once tells the job store."""

    @again_after_deadlock
    def update(self, **kwargs: Any) -> int:
        """As Django's. Values are not validated. A definition that they break is set aside.

        Rows that begin to match meanwhile are not updated, as the job store would not hear of them.
        """
        with transaction.atomic(using=self.db, savepoint=False):
            pks = list(self.values_list("pk", flat=True))
            self._lock(pks)
            # Without keys there is one empty batch, so that Django refuses what it refuses.
            rows = sum(
                self._update_batch(batch, kwargs) for batch in [*batches(pks, _BATCH)] or [pks]
            )
            if _MAY_LACK_START & kwargs.keys():
                self._count_from_now(pks)
            self._changed(pks)
        return rows

    def _update_batch(self, pks: list[Any], values: dict[str, Any]) -> int:
        # Django's own update refuses a slice; `filter` would, in other words.
        matching = self if self.query.is_sliced else self.filter(pk__in=pks)
        return super(JobDefinitionQuerySet, matching).update(**values)

    update.alters_data = True  # type: ignore[attr-defined]  # as Django marks it for templates

    def _count_from_now(self, pks: list[Any]) -> None:
        """Intervals without a start count from this moment."""
        there = self.model._base_manager.using(self.db)
        lack = there.filter(schedule_type="interval", start_date=None)
        for batch in batches(pks, _BATCH):
            start = timezone.now().replace(microsecond=0)
            models.QuerySet.update(lack.filter(pk__in=batch), start_date=start)

    def _tell_starts(self, definitions: list[JobDefinition]) -> None:
        """Give intervals without a start the one that an update has stored."""
        lacking = {each.pk: each for each in definitions if each.lacks_start}
        there = self.model._base_manager.using(self.db).values_list("pk", "start_date")
        for batch in batches([*lacking], _BATCH):
            for pk, start in there.filter(pk__in=batch):
                lacking[pk].start_date = start

    def bulk_create(
        self, objs: Iterable[JobDefinition], *args: Any, **kwargs: Any
    ) -> list[JobDefinition]:
        """As Django's."""
        definitions = list(objs)
        for each in definitions:
            each.count_from(timezone.now())
        with transaction.atomic(using=self.db, savepoint=False):
            created = super().bulk_create(definitions, *args, **kwargs)
            pks = [definition.pk for definition in created if definition.pk is not None]
            # Where conflicts are ignored, Django can't say which rows it wrote.
            names = [definition.name for definition in created if definition.pk is None]
            pks += self._pks_of(names)
            if kwargs.get("update_conflicts"):
                self._count_from_now(pks)  # those that were there have the start that they had
            self._changed(pks)
        return created

    def _pks_of(self, names: list[str]) -> Iterator[Any]:
        there = self.model._base_manager.using(self.db).values_list("pk", flat=True)
        for batch in batches(names, _BATCH):
            yield from there.filter(name__in=batch)

    @again_after_deadlock
    def bulk_update(
        self, objs: Iterable[JobDefinition], fields: Iterable[str], *args: Any, **kwargs: Any
    ) -> int:
        """As Django's."""
        definitions, fields = tuple(objs), [*fields]
        with transaction.atomic(using=self.db, savepoint=False):
            self._lock([each.pk for each in definitions if each.pk is not None])
            rows = super().bulk_update(definitions, fields, *args, **kwargs)
            self._tell_starts([each for each in definitions if may_lack_start(each, fields)])
        return rows

    bulk_update.alters_data = True  # type: ignore[attr-defined]  # as Django marks it

    def _lock(self, pks: Iterable[Any]) -> None:
        """Keep others from writing these until the transaction ends.

        All callers lock in the same order. Otherwise two that lock the same rows could deadlock.
        """
        if not connections[self.db].features.has_select_for_update:
            return  # the whole database is locked there
        there = self.model._base_manager.using(self.db).order_by("pk").select_for_update()
        for batch in batches(sorted(pks), _BATCH):
            list(there.filter(pk__in=batch).values_list("pk", flat=True))

    def _changed(self, pks: Iterable[Any]) -> None:
        definitions_changed.send(sender=self.model, pks=list(pks))

    @again_after_deadlock
    def delete(self) -> tuple[int, dict[str, int]]:
        """As Django's. Tells the job store of all deletions at once, not one by one."""
        self._deleted: defaultdict[type[JobDefinition], list[Any]] = defaultdict(list)
        with transaction.atomic(using=self.db, savepoint=False):
            self._lock(self.values_list("pk", flat=True))
            deleted = super().delete()
            for model, pks in self._deleted.items():
                definitions_deleted.send(sender=model, pks=pks)
        return deleted

    delete.alters_data = True  # type: ignore[attr-defined]  # as Django marks it
    delete.queryset_only = True  # type: ignore[attr-defined]  # no manager deletes everything

    def zones(self) -> list[str]:
        """The time zones of this kind's definitions, sorted. An index answers this."""
        return self._distinct("timezone")

    def groups(self) -> list[str]:
        """The groups that this kind's definitions are in, sorted. An index answers this."""
        return self._distinct("group")

    def _distinct(self, name: str) -> list[str]:
        model = self.model._meta.get_field(name).model._meta
        return distinct_values(connections[self.db], model.db_table, name)

    def note_deleted(self, definition: JobDefinition) -> None:
        """Remember a definition that this deletion includes, of this kind or by a cascade."""
        self._deleted[type(definition)].append(definition.pk)


_Together = dict["type[JobDefinition]", list[Any]]
_together: ContextVar[_Together | None] = ContextVar("_together", default=None)


@contextmanager
def saved_together() -> Iterator[None]:
    """A transaction that tells the job store of all saves together, at its end."""
    saved: _Together = {}
    with transaction.atomic():
        token = _together.set(saved)
        try:
            yield
        finally:
            _together.reset(token)
        for model, pks in saved.items():
            definitions_changed.send(sender=model, pks=pks)


def tell_saved(sender: type[JobDefinition], instance: JobDefinition, **_: Any) -> None:
    """Tell the job store of a save: now, or at the end of `saved_together`."""
    saved = _together.get()
    if saved is None:
        definitions_changed.send(sender=sender, pks=[instance.pk])
    else:
        saved.setdefault(sender, []).append(instance.pk)


def tell_deleted(
    sender: type[JobDefinition], instance: JobDefinition, origin: object = None, **_: Any
) -> None:
    """Tell the job store of a deletion, unless a queryset tells of all its deletions at once."""
    if isinstance(origin, JobDefinitionQuerySet):
        origin.note_deleted(instance)
    else:
        definitions_deleted.send(sender=sender, pks=[instance.pk])
