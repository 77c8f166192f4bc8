"""Schedules of django-q2, as definitions of functions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

from countjobs.imports.called_functions import (
    find_registered,
    function_job,
    named_arguments,
    written,
)
from countjobs.imports.foreign_tables import Q_SCHEDULES, rows
from countjobs.imports.found_schedules import Entries, How, NotTakenOverError, entry_of
from countjobs.imports.q_times import schedule_of
from countjobs.models import FunctionJob
from countjobs.text import shown


def read_q(how: How) -> Entries:
    """An entry for each schedule. Raises SourceMissingError."""
    found = rows(Q_SCHEDULES, "django-q2")
    named = Counter(row.name or row.func for row in found)
    for row in found:
        name = row.name or row.func
        if named[name] > 1:  # names need not be unique there
            name = f"{name} ({row.pk})"
        source = f"{shown(name)} ({shown(row.func)})"
        yield entry_of(source, partial(_definition, row, name, how))


def _definition(row: Any, name: str, how: How, notes: list[str]) -> FunctionJob:
    registered = find_registered(row.func)
    if row.intended_date_kwarg:
        raise NotTakenOverError(
            "It passes the time when it was due. Use current_run().scheduled_at in the function,"
            " and empty “intended date kwarg”."
        )
    args, kwargs = _positional(row.args), _named(row.kwargs)
    if kwargs.pop("q_options", None):
        notes.append("Its q_options have no counterpart.")
    arguments = written(registered, named_arguments(registered, args, kwargs))
    schedule = schedule_of(row, how, notes)
    notes += _lost(row)
    return function_job(registered, arguments, name=name, **schedule)


def _positional(text: str | None) -> tuple[Any, ...]:
    """As django-q2 reads it: one value, or several."""
    if not text:
        return ()
    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise NotTakenOverError(f"Its args can't be read: {shown(text)}") from error
    return found if isinstance(found, tuple) else (found,)


def _named(text: str | None) -> dict[str, Any]:
    """As django-q2 reads it: a dict, or what stands in a call. Only literals; nothing is run."""
    if not text:
        return {}
    try:
        found = _literal(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise NotTakenOverError(f"Its kwargs can't be read: {shown(text)}") from error
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise NotTakenOverError(f"Its kwargs can't be read: {shown(text)}")
    return found


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        call = ast.parse(f"f({text})", mode="eval").body
        if not isinstance(call, ast.Call) or call.args:
            raise
        return {each.arg: ast.literal_eval(each.value) for each in call.keywords}


def _lost(row: Any) -> Iterator[str]:
    if row.hook:
        yield f"Its hook, {shown(row.hook)}, has no counterpart."
    if row.cluster:
        yield f"Its cluster, {shown(row.cluster)}, has no counterpart: choose an executor."
