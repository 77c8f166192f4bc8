"""Sealed job state: a pickle, followed by an HMAC made with Django's signing key.

Loading a pickle runs code, so one is loaded only if this installation wrote it, for this very row.
Readers of pickles ignore what follows the pickle's end mark, so plain django-apscheduler can still
read a sealed row.

The signature covers the id, a NUL and the state. An id with a NUL would make that ambiguous, so it
is refused. An earlier version may have signed such ids. So a state is also refused unless its first
byte is the one that all our states begin with. No UTF-8 character begins with that byte, so it
can't be part of an id.
"""

from __future__ import annotations

import hmac
import pickle
from collections.abc import Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Any

from apscheduler.job import Job
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from countjobs.text import describe

_SALT = "countjobs.jobstores.signing"
_LENGTH = sha256().digest_size
_NUL = "\0"


_FIELDS = frozenset(
    {
        *("version", "id", "func", "trigger", "executor", "args", "kwargs", "name"),
        *("misfire_grace_time", "coalesce", "max_instances", "next_run_time"),
    }
)
"""What a state of APScheduler's version 1 holds."""


class UnreadableJobError(Exception):
    """A row of the job store that can't be restored here. The message says why."""


class ForeignJobError(UnreadableJobError):
    """A row whose signature shows that this installation didn't write it."""


def seal(job: Job) -> bytes:
    """The state of a job, to be stored. Raises ValueError for a job that can't be pickled, or whose
    id holds a NUL.
    """
    if _NUL in job.id:
        raise ValueError(f"A job's id can't hold a NUL character: {job.id!r}")
    try:
        state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # what is pickled decides what is raised
        raise ValueError(f"The job can't be pickled: {describe(error)}") from error
    return state + _signature(job.id, state, settings.SECRET_KEY)


def unseal(job_id: str, sealed: bytes) -> Job:
    """The job of a row. Raises UnreadableJobError; nothing that wasn't sealed here is loaded.

    What a newer version may have added is refused, not left out.
    """
    if not is_sealed(job_id, sealed):
        raise ForeignJobError(
            _(
                "The signature of this row is missing or wrong: another program wrote the row, or "
                "SECRET_KEY has changed."
            )
        )
    job: Job = Job.__new__(Job)
    try:
        state = pickle.loads(sealed[:-_LENGTH])  # noqa: S301  # the signature is ours
        if unknown := state.keys() - _FIELDS:
            names = ", ".join(sorted(unknown))
            raise TypeError(f"This version doesn't know these fields of a job: {names}.")
        job.__setstate__(state)
    except (Exception, SystemExit) as error:  # an import may even end Python
        raise UnreadableJobError(describe(error)) from error
    return job


def is_sealed(job_id: str, sealed: bytes) -> bool:
    """Whether this installation wrote a state, for this very row. Nothing is loaded."""
    state, signature = _parts(sealed)
    return any(hmac.compare_digest(signature, each) for each in _accepted(job_id, state))


def sealed_anew(job_id: str, sealed: bytes) -> bytes | None:
    """The same state, signed with SECRET_KEY, where one of SECRET_KEY_FALLBACKS has signed it.

    None where nothing is to be done, or where nobody here has signed it. Nothing is loaded.
    """
    state, signature = _parts(sealed)
    newest, *older = [*_accepted(job_id, state)] or [signature]
    if hmac.compare_digest(signature, newest):
        return None
    is_ours = any(hmac.compare_digest(signature, each) for each in older)
    return state + newest if is_ours else None


def _parts(sealed: bytes) -> tuple[bytes, bytes]:
    return sealed[:-_LENGTH], sealed[-_LENGTH:]


def _accepted(job_id: str, state: bytes) -> Iterator[bytes]:
    """The signatures that this state may have, that of SECRET_KEY first."""
    if _NUL in job_id or not state.startswith(pickle.PROTO):
        return
    for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _signature(job_id, state, key)


def _signature(job_id: str, state: bytes, key: Any) -> bytes:
    # The id is signed too: a state copied into another row is not that row's.
    value = b"%b\0%b" % (job_id.encode(), state)
    mac = _keyed(key).copy()
    mac.update(value)
    return mac.digest()


@lru_cache(maxsize=8)
def _keyed(key: Any) -> hmac.HMAC:
    """An HMAC of nothing yet: preparing the key is most of the work."""
    return salted_hmac(_SALT, b"", secret=key, algorithm="sha256")
