"""Checks of the functions that are registered with `@job`, and of the schedules that code declares.

None of them queries the database.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from django.core.exceptions import ValidationError

from countjobs.conf import Conf
from countjobs.executors.calling import is_generator_function
from countjobs.functions.registry import Declared, Registered, Rules, registry
from countjobs.functions.signatures import SignatureError, parameters_of
from countjobs.jobstores.declaring import definition_of
from countjobs.models import FunctionJob
from countjobs.models.validity import ENDED
from countjobs.text import describe, shown, validate_marks, validate_text

_PERMISSION = re.compile(r"\w+\.[^\s.]+")
_PARAMETERS = (
    "Each parameter must be callable by name. Its annotation must be bool, int, float, Decimal,"
    " str, date, time, datetime, timedelta, Literal, an Enum, list[str], dict[str, str], a model,"
    " or one of these with “| None”."
)
_IN_BETWEEN = "declared"
"""A name that is valid, for a declaration whose own name has a message of its own."""


@register("countjobs")
def check_functions(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Check that each function can be scheduled, under a name of its own."""
    if not Conf.is_sound():
        return []  # another check reports those
    messages = [message for each in registry.functions for message in _of_function(each)]
    return [*messages, *_names_taken_twice()]


@register("countjobs")
def check_declarations(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Check that each declared schedule can become a definition, under a name of its own."""
    if not Conf.is_sound():
        return []
    messages = [message for each in registry.declared for message in _of_declaration(each)]
    return [*messages, *_declared_twice()]


def place_of(function: Callable[..., Any]) -> str:
    """Where a function is written: its file and its line. Its module, where that is unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else function.__module__


def _of_function(registered: Registered) -> Iterator[CheckMessage]:
    name, function = shown(registered.name), registered.function
    if wrong := _wrong_signature(registered):
        yield Error(
            f"The function “{name}” can't be scheduled: {wrong}",
            hint=_PARAMETERS,
            obj=place_of(function),
            id="countjobs.E030",
        )
    if is_generator_function(function):
        yield Error(
            f"The function “{name}” is a generator: calling it runs nothing.",
            hint="Remove its “yield”. “async def” is allowed.",
            obj=place_of(function),
            id="countjobs.E031",
        )
    if registered.permission and not _PERMISSION.fullmatch(registered.permission):
        yield Error(
            f"The function “{name}” needs the permission {registered.permission!r}, which is not"
            " a permission's name.",
            hint="Write the app's label and the codename, as in permission='shop.refund'.",
            obj=place_of(function),
            id="countjobs.E033",
        )
    for each in registered.names:
        if wrong := _wrong_name(each, "function"):
            yield Error(
                f"The function “{name}” can't have the name {shown(each)!r}: {wrong}.",
                hint="Give it another one: @job(name=…, aliases=[…]).",
                obj=place_of(function),
                id="countjobs.E034",
            )
    if wrong := _in_one_line(_wrong_rules(registered.rules)):
        yield Error(
            f"The function “{name}” has options that don't fit a definition: {wrong}",
            hint="Change these options of @job.",
            obj=place_of(function),
            id="countjobs.E035",
        )
    if registered.name in registered.aliases:
        yield Warning(
            f"The function “{name}” has its own name as an alias.",
            hint="Leave it out of aliases: they are the names that it had before.",
            obj=place_of(function),
            id="countjobs.W030",
        )


def _wrong_signature(registered: Registered) -> str:
    try:
        parameters_of(registered)
    except SignatureError as error:
        return " ".join(error.args)
    return ""


def _wrong_name(name: str, field_name: str) -> str:
    """Why a name can't be stored in a field of definitions; "" if it can."""
    field: Any = FunctionJob._meta.get_field(field_name)
    most = field.max_length
    if not name:
        return "it is empty"
    if len(name) > most:
        return f"it has {len(name)} characters, and at most {most} are allowed"
    try:
        validate_text(name)
        validate_marks(name)
    except ValidationError:
        return "it has invisible characters"
    return "it has spaces at its ends" if name != name.strip() else ""


def _wrong_rules(rules: Rules) -> dict[str, list[str]]:
    """What is wrong with fields of a definition, by field."""
    others = {field.name for field in FunctionJob._meta.fields} - rules.keys()
    try:
        FunctionJob(**rules).clean_fields(exclude=others)
    except ValidationError as error:
        return error.message_dict
    except Exception as error:  # the values may be anything
        return {**{name: [] for name in rules}, "options": [describe(error)]}
    return {}


def _in_one_line(wrong: dict[str, list[str]]) -> str:
    return " ".join(f"{name}: {message}" for name, some in wrong.items() for message in some)


def _names_taken_twice() -> Iterator[CheckMessage]:
    for name, owners in registry.names_taken_twice():
        first, *others = owners
        for each in others:
            yield Error(
                f"Two functions have the name “{shown(name)}”: definitions that name it call"
                f" {_place(first)}, not {_place(each)}.",
                hint="Give one of them another name: @job(name=…).",
                obj=place_of(each.function),
                id="countjobs.E032",
            )


def _place(registered: Registered) -> str:
    return f"{registered.function.__module__}.{registered.function.__qualname__}"


def _of_declaration(declared: Declared) -> Iterator[CheckMessage]:
    name, function = shown(declared.name), declared.function.function
    if _wrong_name(declared.function.name, "function"):
        return  # the function has a message of its own
    if wrong := _wrong_name(declared.name, "name"):
        yield Error(
            f"No definition can have the declared name {name!r}: {wrong}.",
            hint="Give the declaration, or the function, another name.",
            obj=place_of(function),
            id="countjobs.E038",
        )
    told = _wrong_rules(declared.function.rules)
    rules: Any = {
        field: value
        for field, value in declared.rules.items()
        if field not in told or value is not declared.function.rules.get(field)
    }
    problems, has_ended = _problems(replace(declared, name=_IN_BETWEEN, rules=rules))
    if problems:
        yield Error(
            f"“{name}” can't be declared: {problems}",
            hint="Change the schedule, the arguments or the options of @job or declare.",
            obj=place_of(function),
            id="countjobs.E036",
        )
    if has_ended:
        yield Warning(
            f"The declared schedule “{name}” has no more runs.",
            hint="Remove it, or give it another end.",
            obj=place_of(function),
            id="countjobs.W031",
        )


def _problems(declared: Declared) -> tuple[str, bool]:
    """Why something can't be declared; and whether its schedule has ended."""
    try:
        definition = definition_of(declared)
        definition.clean()
    except SignatureError:
        return "", False  # the function has a message of its own
    except ValidationError as error:
        errors = [each for some in error.update_error_dict({}).values() for each in some]
        if all(each.code == ENDED for each in errors):
            return "", True
        by_field = hasattr(error, "error_dict")
        return _in_one_line(error.message_dict) if by_field else " ".join(error.messages), False
    except ValueError as error:
        return str(error), False
    except Exception as error:  # arguments may be anything
        return describe(error), False
    return "", False


def _declared_twice() -> Iterator[CheckMessage]:
    first: dict[str, Declared] = {}
    for declared in registry.declared:
        for name in dict.fromkeys(declared.names):
            if first.setdefault(name, declared) is not declared:
                yield Error(
                    f"Two schedules are declared with the name “{shown(name)}”.",
                    hint="Give each its own: declare(function, name=…).",
                    obj=place_of(declared.function.function),
                    id="countjobs.E037",
                )
