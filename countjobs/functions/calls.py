"""The arguments of a function: a JSON object, checked against the signature."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from countjobs.functions.registry import Registered, registry
from countjobs.functions.signatures import (
    Parameter,
    SignatureError,
    parameters_of,
    usable_parameters,
)
from countjobs.functions.value_types import json_of
from countjobs.text import shown

MOST_BYTES = 64 * 1024
MOST_PROBLEMS = 20


def find_function(name: object) -> Registered:
    """The function with this name or alias. Raises ValidationError if there is none."""
    found = registry.find(name)
    if found is None:
        raise ValidationError(
            _("There is no function “%(name)s” here. Functions are registered with @job."),
            code="function",
            params={"name": shown(name)},
        )
    return found


def read_arguments(registered: Registered, stored: Any) -> dict[str, Any]:
    """The values of stored arguments, by name, with the keys of objects.

    Raises ValidationError, with a sentence for each argument that doesn't fit.
    """
    try:
        parameters = parameters_of(registered)
    except SignatureError as error:
        reason = " ".join(error.args)
        message = _("The function can't be scheduled: %(reason)s")
        raise ValidationError(message, code="signature", params={"reason": reason}) from error
    if not isinstance(stored, dict):
        raise ValidationError(_("The arguments must be a JSON object."), code="object")
    values: dict[str, Any] = {}
    errors: list[ValidationError] = []
    for name, parameter in parameters.items():
        if name in stored:
            try:
                values[name] = parameter.read(stored[name])
            except ValidationError as error:
                errors += _at(name, error)
        elif parameter.is_required:
            errors.append(_error("missing", name))
    errors += [_error("unknown", name) for name in stored if name not in parameters]
    if errors:
        raise ValidationError(errors[:MOST_PROBLEMS])
    return values


def validate_size(stored: Any) -> None:
    """Check that arguments aren't too large. Raises ValidationError."""
    size = len(json.dumps(stored, ensure_ascii=False, default=str).encode(errors="replace"))
    if size > MOST_BYTES:
        raise ValidationError(
            _("The arguments take %(size)d bytes; at most %(most)d are allowed."),
            code="size",
            params={"size": size, "most": MOST_BYTES},
        )


def write_arguments(registered: Registered, values: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored for values. Raises ValidationError if they don't fit the signature."""
    parameters = parameters_of(registered)
    stored: dict[str, Any] = {}
    errors: list[ValidationError] = []
    for name, value in values.items():
        if name not in parameters:
            errors.append(_error("unknown", name))
            continue
        try:
            stored[name] = parameters[name].write(value)
        except ValidationError as error:
            errors += _at(name, error)
    if errors:
        raise ValidationError(errors)
    read_arguments(registered, stored)
    return stored


def resolved(registered: Registered, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the function is called with: keys are replaced by what they stand for.

    Raises ValidationError.
    """
    parameters = parameters_of(registered)
    found: dict[str, Any] = {}
    for name, value in values.items():
        try:
            found[name] = parameters[name].resolve(value)
        except ValidationError as error:
            raise ValidationError(list(_at(name, error))) from error
    return found


def in_words(name: str, stored: Any) -> str:
    """A call as a list shows it: “shop.jobs.mail(days=7)”. Raises nothing, whatever is stored."""
    if not isinstance(stored, Mapping):
        return f"{name}(…)"
    parameters = usable_parameters(registry.find(name))
    told = (f"{key}={_in_words(parameters.get(key), value)}" for key, value in stored.items())
    return f"{name}({', '.join(told)})"


def _in_words(parameter: Parameter | None, value: Any) -> str:
    if parameter is None or value is None:
        return json_of(value)
    return parameter.type.in_words(value)


_MESSAGES = {
    "missing": _("%(name)s: this argument is missing."),
    "unknown": _("%(name)s: the function has no such parameter."),
}


def _error(code: str, name: object) -> ValidationError:
    return ValidationError(_MESSAGES[code], code=code, params={"name": shown(name)})


def _at(name: str, error: ValidationError) -> Iterator[ValidationError]:
    for message in error.messages:
        yield ValidationError(f"{name}: {message}", code="argument")
