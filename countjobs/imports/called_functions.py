"""The registered function that another scheduler calls, and its arguments by name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError

from countjobs.functions.calls import write_arguments
from countjobs.functions.registry import Registered, registry
from countjobs.functions.signatures import SignatureError, parameters_of
from countjobs.imports.found_schedules import NotTakenOverError
from countjobs.models import FunctionJob
from countjobs.text import describe, shown


def find_registered(name: str) -> Registered:
    """The function with this name or alias. Nothing is imported. Raises NotTakenOverError."""
    found = registry.find(name)
    if found is None:
        raise NotTakenOverError(
            f"No function is registered as “{shown(name)}”. Put @job on the function, in a jobs.py"
            f' of your project; with @job(aliases=["{shown(name)}"]) if it has another name now.'
        )
    return found


def named_arguments(
    registered: Registered, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Arguments by the names of their parameters. Raises NotTakenOverError if they don't fit."""
    try:
        known = parameters_of(registered)
    except SignatureError as error:
        reason = " ".join(error.args)
        raise NotTakenOverError(f"The function can't be scheduled: {reason}") from error
    given = inspect.signature(registered.function)
    taken = [each for name, each in given.parameters.items() if name in known]
    try:
        return given.replace(parameters=taken).bind(*args, **kwargs).arguments
    except TypeError as error:
        raise NotTakenOverError(f"The arguments don't fit the function: {error}.") from error


def function_job(
    registered: Registered, arguments: Mapping[str, Any], **fields: Any
) -> FunctionJob:
    """A definition of a function, with arguments as JSON holds them, and with what @job says."""
    values: dict[str, Any] = {**registered.rules, **fields}
    return FunctionJob(function=registered.name, arguments=dict(arguments), **values)


def written(registered: Registered, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Python values as JSON holds them. Raises NotTakenOverError if they don't fit."""
    try:
        return write_arguments(registered, arguments)
    except ValidationError as error:
        raise NotTakenOverError(" ".join(error.messages)) from error
    except Exception as error:  # values are anything
        raise NotTakenOverError(f"The arguments can't be stored: {describe(error)}") from error
