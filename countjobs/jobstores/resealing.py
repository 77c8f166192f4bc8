"""Sealing rows with the new SECRET_KEY, so that the old one can leave SECRET_KEY_FALLBACKS.

Only `syncjobs` does this, never a scheduler by itself: a process that still knows only the old key
could not read what is sealed with the new one.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django_apscheduler.models import DjangoJob

from countjobs.database.batches import batches
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.jobstores.signing import sealed_anew

_BATCH = 200


def seal_rows_anew() -> int:
    """Sign with SECRET_KEY what one of SECRET_KEY_FALLBACKS has signed. Raises django.db.Error.

    That includes rows of jobs from code, and of parked jobs. Returns how many.
    """
    return sum(seal_steps())


def seal_steps() -> Iterator[int]:
    """The same, step by step. Each yields how many; between two no transaction is open."""
    ids = list(rows_of(DjangoJob).order_by("id").values_list("id", flat=True))
    yield from (_seal_batch_anew(batch) for batch in batches(ids, _BATCH))


def _seal_batch_anew(ids: list[str]) -> int:
    rows = rows_of(DjangoJob).order_by("id").filter(id__in=ids)
    # Most need nothing: they are looked at without a lock.
    if not (old := [row.id for row in rows if _is_old(row)]):
        return 0
    with own_turn(), transaction.atomic():
        locked = rows.filter(id__in=old).select_for_update()
        changed = [row for row in locked if _is_old(row)]
        for row in changed:
            row.job_state = sealed_anew(row.id, bytes(row.job_state))
        DjangoJob.objects.bulk_update(changed, ["job_state"])
    return len(changed)


def _is_old(row: DjangoJob) -> bool:
    return sealed_anew(row.id, bytes(row.job_state)) is not None
