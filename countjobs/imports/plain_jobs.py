"""Jobs that plain django-apscheduler has stored, as definitions of functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from countjobs.imports.called_functions import (
    find_registered,
    function_job,
    named_arguments,
    written,
)
from countjobs.imports.found_schedules import Entries, How, NotTakenOverError, entry_of
from countjobs.imports.inert_pickles import UnreadableStateError, load_state
from countjobs.imports.plain_triggers import schedule_of_trigger
from countjobs.jobstores.questions import rows_from_code
from countjobs.jobstores.signing import is_sealed
from countjobs.models import FunctionJob
from countjobs.text import shown

_UUID = re.compile(r"[0-9a-f]{32}")


def read_plain(how: How) -> Entries:
    """An entry for each row of the job store that countjobs hasn't written."""
    rows = rows_from_code().order_by("id").values_list("id", "job_state")
    for job_id, stored in list(rows):
        if is_sealed(job_id, bytes(stored)):
            continue
        yield entry_of(shown(job_id), partial(_definition, job_id, bytes(stored), how))


def _definition(job_id: str, stored: bytes, how: How, notes: list[str]) -> FunctionJob:
    try:
        state = load_state(stored)
    except UnreadableStateError as error:
        raise NotTakenOverError(
            f"Its row is left unread: {error}. Add the job from code again."
        ) from error
    reference = state.get("func")
    if not isinstance(reference, str):
        raise NotTakenOverError("It doesn't say which function it calls.")
    registered = find_registered(reference.replace(":", ".", 1))
    args, kwargs = state.get("args") or (), state.get("kwargs") or {}
    if not isinstance(args, list | tuple) or not isinstance(kwargs, dict):
        raise NotTakenOverError("Its arguments can't be read.")
    arguments = written(registered, named_arguments(registered, args, kwargs))
    schedule = schedule_of_trigger(state.get("trigger"), how, notes)
    is_enabled = state.get("next_run_time") is not None
    if schedule.get("schedule_type") == "once" and is_enabled and schedule["run_at"] <= how.now:
        raise NotTakenOverError("It was to run once, and that moment has passed.")
    notes += _lost(state)
    name = str(state.get("name") or reference)
    return function_job(
        registered,
        arguments,
        name=f"{name} ({job_id})" if _UUID.fullmatch(job_id) else job_id,
        enabled=is_enabled,
        misfire_grace_time=state.get("misfire_grace_time"),
        coalesce=bool(state.get("coalesce", True)),
        max_instances=state.get("max_instances") or 1,
        **schedule,
    )


def _lost(state: dict[str, Any]) -> Iterator[str]:
    if state.get("executor") not in {None, "default"}:
        yield f"Its executor, {shown(state['executor'])}, has no counterpart: choose one."
