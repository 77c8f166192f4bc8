"""Many saves, of which the job store is told at once: it writes rows faster together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction

from countjobs.models.definitions import JobDefinition
from countjobs.models.writes import definitions_changed

Saved = dict[type[JobDefinition], list[Any]]

_together: ContextVar[Saved | None] = ContextVar("_together", default=None)


@contextmanager
def saved_together() -> Iterator[None]:
    """A transaction: the job store is told of what is saved in it at its end, not save by save."""
    saved: Saved = {}
    with transaction.atomic():
        token = _together.set(saved)
        try:
            yield
        finally:
            _together.reset(token)
        for model, pks in saved.items():
            definitions_changed.send(sender=model, pks=pks)


def tell_saved(model: type[JobDefinition], pk: Any) -> None:
    """Tell the job store of a save: now, or of all that are saved together at their end."""
    saved = _together.get()
    if saved is None:
        definitions_changed.send(sender=model, pks=[pk])
    else:
        saved.setdefault(model, []).append(pk)
