"""A definition during a run of it, and what saving it then writes.

The run's object is as old as the claim, so saving all of it would undo what people changed since.
It also holds the values that were requested for this run only. So `save()` in `run` writes the
fields that the kind adds, except those that this run overrides. For other fields, use
`update_fields`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from django.db import models

_POSITIONS = ("force_insert", "force_update", "using", "update_fields")
"""Django 5.2 still takes these arguments of `save()` by position."""


class SavedInRun(models.Model):
    """What a definition knows of the run that it belongs to, if any."""

    _in_run: tuple[Any, frozenset[str]] | None = None
    """Its key at that time, and the fields that hold values for that run only."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's. In a run, and without `update_fields`, it writes the kind's own fields."""
        if self._in_run is not None:
            kwargs.update(zip(_POSITIONS, args, strict=False))
            args = ()
            if kwargs.get("update_fields") is None and not self._is_copy(**kwargs):
                kwargs["update_fields"] = self._fields_to_save(self._in_run[1])
        super().save(*args, **kwargs)

    def hand_to_run(self, overridden: Iterable[str] = ()) -> None:
        """Tell this object that it belongs to a run, and which fields the run overrides."""
        self._in_run = self.pk, frozenset(overridden)

    def _is_copy(self, force_insert: object = False, using: str | None = None, **_: Any) -> bool:
        """Whether a save makes another row: it has no key, another key, or another database."""
        pk, _overridden = self._in_run or (None, None)
        moves = using not in {None, self._state.db}
        return bool(force_insert) or self._state.adding or self.pk is None or self.pk != pk or moves

    def _fields_to_save(self, overridden: frozenset[str]) -> Collection[str]:
        deferred = self.get_deferred_fields()
        return [
            field.name
            for field in _own_columns(type(self))
            if field.name not in overridden and field.attname not in deferred
        ]


@cache
def _own_columns(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    """The writable columns that a kind adds to those of all definitions."""
    from countjobs.models.kinds import fields_of_kind  # noqa: PLC0415  # it builds on this

    return [
        field
        for field in fields_of_kind(model)
        if not (field.many_to_many or field.primary_key or field.generated)
    ]
