"""Declared schedules: making definitions of what code declares, and following when that changes.

A field that a person has changed stays as it is. For that, what was declared is remembered at each
sync: a field that still has that value is nobody's but the code's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, count
from typing import Any

from django.apps import AppConfig
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, router, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from countjobs.database.deadlocks import again_after_deadlock
from countjobs.database.primary import rows_of
from countjobs.database.turns import own_turn
from countjobs.functions.calls import write_arguments
from countjobs.functions.declared_schedules import schedule_fields
from countjobs.functions.registry import Declared, registry
from countjobs.functions.signatures import SignatureError
from countjobs.functions.value_types import json_of
from countjobs.models import Declaration, FunctionJob
from countjobs.models.json_values import json_value, set_from_json
from countjobs.models.names import first_free
from countjobs.models.validity import sentences
from countjobs.text import describe, visible

Values = dict[str, Any]


@dataclass(frozen=True)
class Difference:
    """A field that a person has changed."""

    field: str
    declared: Any
    now: Any


def definition_of(declared: Declared) -> FunctionJob:
    """The definition that code declares, not saved. Raises ValidationError, ValueError or
    SignatureError.
    """
    definition = FunctionJob(
        name=declared.name,
        function=declared.function.name,
        arguments=write_arguments(declared.function, declared.arguments),
        **schedule_fields(declared.schedule),
        **declared.rules,
    )
    definition.clean_fields()
    if problems := definition.problems():
        raise ValidationError(problems)  # it would never run
    return definition


def declared_values(declared: Declared) -> Values:
    """The fields that code declares, as JSON. Raises what `definition_of` raises."""
    names = {"name", "function", "arguments", "enabled", "schedule_type", "timezone"}
    names |= schedule_fields(declared.schedule).keys() | declared.rules.keys()
    return _values(definition_of(declared), names)


def differences(declaration: Declaration) -> list[Difference]:
    """What a person has changed, against the declaration as it was last synced."""
    definition = declaration.definition
    now = _values(definition, declaration.values)
    return [
        Difference(name, value, now[name])
        for name, value in declaration.values.items()
        if name in now and not _same(now[name], value)
    ]


def go_back(declaration: Declaration) -> list[str]:
    """Set a definition back to its declaration, and save it. Returns the names of the fields.

    Raises ValidationError if it isn't valid any more: its name may be taken.
    """
    definition = declaration.definition
    changed = [each.field for each in differences(declaration)]
    if changed:
        for name in changed:
            set_from_json(definition, name, declaration.values[name])
        definition.full_clean()
        definition.save(update_fields=changed)  # a person may have saved others since
    return changed


def sync_declared(now: datetime) -> list[str]:
    """Make, change and disable definitions as code declares. Returns what was done, a line each."""
    done: list[str] = []
    kept: set[str] = set()
    there = dict(Declaration.objects.filter(gone_at=None).values_list("name", "values"))
    for declared in registry.declared:
        if declared.name in kept:
            done.append(
                f"{visible(declared.name)}: declared twice: only the first declaration counts"
            )
            continue
        kept.add(declared.name)
        try:
            values = declared_values(declared)
        except Exception as error:  # options and validators may be anything
            done.append(f"{visible(declared.name)}: can't be declared: {_reason(error)}")
            kept.update(declared.names)
            continue
        if declared.name in there and _same(there[declared.name], values):
            continue  # nothing has changed in code, so nothing is locked
        try:
            done += _in_transaction(_follow, declared, values)
        except IntegrityError:  # another process has just made it
            done += _in_transaction(_follow, declared, values)
    for name in there:
        if name not in kept:
            done += _in_transaction(_disable, name, now)
    return done


@again_after_deadlock
def _in_transaction(step: Callable[..., Iterator[str]], *args: Any) -> list[str]:
    with own_turn(), transaction.atomic():
        return list(step(*args))


def after_migrate(sender: AppConfig, **options: Any) -> None:
    """Sync after `migrate`, if it has brought the tables of this app up to date."""
    if options.get("using") != DEFAULT_DB_ALIAS:
        return
    if not router.allow_migrate_model(DEFAULT_DB_ALIAS, Declaration) or not _is_migrated():
        return
    lines = sync_declared(timezone.now())
    if options.get("verbosity", 0) >= 1:
        for line in lines:
            (options.get("stdout") or sys.stdout).write(f"{visible(line)}\n")


def _is_migrated() -> bool:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    ours = [node for node in executor.loader.graph.leaf_nodes() if node[0] == "countjobs"]
    return not executor.migration_plan(ours)


def _follow(declared: Declared, values: Values) -> Iterator[str]:
    found = next(filter(None, (_locked(name=name) for name in declared.names)), None)
    if found is None:
        yield _make(declared, values)
        return
    definition = found.definition
    before = found.values
    changed = [*_merge(definition, before, values)]
    if found.name != declared.name:  # it had an alias
        Declaration.objects.filter(pk=found.pk).update(name=declared.name)
        found.name = declared.name
    if changed:
        definition.name = _free_name(definition.name, definition.pk)
        # A person may have saved other fields since they were read.
        definition.save(update_fields=sorted({"name", *changed}))
        yield f"{_told(definition)}: changed, as declared: {', '.join(changed)}"
    if found.gone_at is not None or not _same(before, values):
        found.values, found.gone_at = values, None
        found.save(update_fields=["values", "gone_at"])


def _make(declared: Declared, values: Values) -> str:
    """Make a definition; or take one that has this name and calls this function already."""
    there = rows_of(FunctionJob).filter(name=declared.name, declaration=None)
    definition = there.filter(function__in=_names_of(declared)).first()
    what = "existed already, and is now declared"
    if definition is None:
        definition = definition_of(declared)
        definition.name = _free_name(declared.name)
        definition.save()
        what = "made, as declared"
    Declaration.objects.create(name=declared.name, definition=definition, values=values)
    return f"{_told(definition)}: {what}"


def _names_of(declared: Declared) -> tuple[str, ...]:
    return (declared.function.name, *declared.function.aliases)


def _merge(definition: FunctionJob, before: Values, values: Values) -> Iterator[str]:
    """Change the fields that nobody has changed. Yields their names."""
    fresh = _values(FunctionJob(), {*before, *values})
    for name in fresh:
        old, new = before.get(name, fresh[name]), values.get(name, fresh[name])
        now = _values(definition, [name])[name]
        if _same(now, old) and not _same(new, old):
            set_from_json(definition, name, new)
            yield name


def _disable(name: str, now: datetime) -> Iterator[str]:
    found = _locked(name=name)
    if found is None or found.gone_at is not None:
        return
    definition = found.definition
    found.gone_at = now
    what = "no longer declared"
    if definition.enabled and found.values.get("enabled"):
        found.values = {**found.values, "enabled": False}
        definition.enabled = False
        definition.save(update_fields=["enabled"])
        what = "disabled, because it is no longer declared"
    found.save(update_fields=["values", "gone_at"])
    yield f"{_told(definition)}: {what}"


def _locked(**query: Any) -> Declaration | None:
    """A declaration and its definition. Nobody else writes either before the transaction ends."""
    both = Declaration.objects.select_related("definition").select_for_update()
    return both.filter(**query).first()


def _free_name(name: str, pk: Any = None) -> str:
    """The name, or with a number if another definition has it."""
    others = rows_of(FunctionJob).exclude(pk=pk)
    numbered = chain([""], (f" ({number})" for number in count(2)))
    return first_free(name, numbered, lambda free: others.filter(name=free).exists())


def _values(definition: FunctionJob, names: Iterable[str]) -> Values:
    """Fields as JSON, of those names that there are."""
    fields = (field for field in definition._meta.concrete_fields if field.name in names)
    return {field.name: json_value(field, definition) for field in fields}


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. As text: 1 equals true, and so do other orders."""
    return json_of(one) == json_of(other)


def _told(definition: FunctionJob) -> str:
    return f"{definition.job_id} ({definition.name})"


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return " ".join(sentences(error))
    if isinstance(error, (SignatureError, ValueError)):  # their arguments are sentences
        return " ".join(map(str, error.args))
    return describe(error)
