"""What a function takes: its parameters, from its annotations, its defaults and its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from countjobs.database.unqueried import QueriedError
from countjobs.functions.choice_values import Member, OneOf, label_of
from countjobs.functions.docstrings import helps_of
from countjobs.functions.parameter_types import TYPES, Key
from countjobs.functions.plain_values import Text
from countjobs.functions.registry import Registered
from countjobs.functions.value_types import ValueType, json_of
from countjobs.text import describe

REQUIRED = inspect.Parameter.empty
"""The default of a parameter that has none."""

_NAMED = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
_LITERALS = (str, int, bool)


class SignatureError(Exception):
    """A function can't be scheduled as it is. Its arguments are the reasons, a sentence each."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function."""

    name: str
    type: ValueType
    may_be_none: bool
    default: Any
    """`REQUIRED` if there is none."""
    validators: tuple[Callable[[Any], None], ...]
    help: str

    @property
    def label(self) -> str:
        """Its name in words."""
        return label_of(self.name)

    @property
    def is_required(self) -> bool:
        """Whether the function can't be called without it."""
        return self.default is REQUIRED

    def is_default(self, stored: Any) -> bool:
        """Whether JSON says what the function does anyway."""
        # As text: 1 equals true, and an object equals one in another order.
        return not self.is_required and json_of(stored) == json_of(self.write(self.default))

    def read(self, stored: Any) -> Any:
        """The value of JSON, or the key of an object. Raises ValidationError."""
        if stored is None and self.may_be_none:
            return None
        value = self.type.read(stored)
        if value == "" and isinstance(self.type, Text) and not self._may_be_empty:
            raise ValidationError(forms.Field.default_error_messages["required"], code="required")
        for validate in self.validators:
            _validate(validate, value)
        return value

    def resolve(self, value: Any) -> Any:
        """What the function is called with. Raises ValidationError."""
        return None if value is None else self.type.resolve(value)

    def write(self, value: Any) -> Any:
        """The JSON of a value. Raises ValidationError if it doesn't fit."""
        if value is None and self.may_be_none:
            return None
        if value is None:
            raise ValidationError(forms.Field.default_error_messages["required"], code="required")
        stored = self.type.write(value)
        self.read(stored)
        return stored

    def field(self) -> forms.Field:
        """Its input."""
        options: dict[str, Any] = {
            "label": self.label,
            "help_text": self.help,
            "required": not (self.may_be_none or self.type.allows_blank or self._may_be_empty),
            "initial": None if self.is_required else self.default,
        }
        if self.may_be_none and self.type.has_choice_of_none:
            options["may_be_none"] = True
        field = self.type.field(**options)
        for validator in self.validators:
            _apply(validator, field)
        return field

    def typed(self, value: Any, shown: Any) -> Any:
        """The value of what its input gives, which was filled in with what was `shown`.

        An input that is left empty means None, where None is allowed.
        """
        is_empty = type(value) in {str, list, dict} and not value
        if not is_empty or not self.may_be_none or self.type.has_choice_of_none:
            return value
        return value if type(shown) is type(value) and shown == value else None

    @property
    def _may_be_empty(self) -> bool:
        """Whether "" is a value: only where it is the default, since a form can't tell it from
        nothing."""
        return isinstance(self.default, str) and self.default == ""


def _validate(validator: Callable[[Any], None], value: Any) -> None:
    """Call a validator. Raises ValidationError, whatever it raises: validators are any code.

    One that queries where that isn't allowed has its say when the function is called.
    """
    try:
        validator(value)
    except QueriedError:
        return
    except ValidationError as error:
        raise ValidationError(_reasons(error), code="validator") from error
    except (Exception, SystemExit) as error:
        raise ValidationError(describe(error), code="validator") from error


def _reasons(error: ValidationError) -> list[str]:
    """Its messages, told at once: one that can't be filled in must not fail wherever it is shown.

    A validator may also say what is wrong by field, which an argument doesn't have.
    """
    try:
        return [str(message) for message in error.messages] or [describe(error)]
    except Exception as unprintable:
        return [describe(unprintable)]


def _apply(validator: Callable[[Any], None], field: forms.Field) -> None:
    """Tell the browser a bound."""
    bound = getattr(validator, "limit_value", None)
    if isinstance(validator, MinValueValidator):
        field.widget.attrs.setdefault("min", bound)
    elif isinstance(validator, MaxValueValidator):
        field.widget.attrs.setdefault("max", bound)


@cache
def parameters_of(registered: Registered) -> dict[str, Parameter]:
    """The parameters of a function, by name, in their order.

    Raises SignatureError, with all that is wrong.
    """
    function = registered.function
    try:
        signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
    except Exception as error:  # annotations are any code
        raise SignatureError(f"Its annotations can't be read: {describe(error)}") from error
    found: dict[str, Parameter] = {}
    wrong: list[str] = []
    helps = helps_of(function)
    given = list(signature.parameters.values())
    if registered.is_task and getattr(registered.target, "takes_context", False):
        given = given[1:]
    for each in given:
        try:
            hint = hints.get(each.name, REQUIRED)
            found[each.name] = _parameter(each, hint, helps.get(each.name, ""))
        except SignatureError as error:
            wrong += error.args
        except Exception as error:  # so are defaults, and the labels of choices
            wrong.append(f"“{each.name}” can't be read: {describe(error)}")
        else:
            if registered.is_task and not found[each.name].type.is_json:
                wrong.append(f"“{each.name}”: a Django task takes only what JSON can hold.")
    if wrong:
        raise SignatureError(*wrong)
    return found


def usable_parameters(registered: Registered | None) -> Mapping[str, Parameter]:
    """The same for whoever only shows them: none without a function, or if it can't be used."""
    with suppress(SignatureError):
        return parameters_of(registered) if registered is not None else {}
    return {}


@cache
def has_validators(registered: Registered) -> bool:
    """Whether checking the arguments calls code of others: validators are any code."""
    return any(each.validators for each in usable_parameters(registered).values())


def _parameter(given: inspect.Parameter, hint: Any, help_text: str) -> Parameter:
    if given.kind not in _NAMED:
        raise SignatureError(f"“{given}” can't be given by name.")
    if hint is REQUIRED:
        raise SignatureError(f"“{given.name}” has no annotation.")
    hint, extras = _without_extras(hint)
    hint, may_be_none = _without_none(hint)
    hint, more = _without_extras(hint)
    extras += more
    value_type = _type_of(hint)
    if value_type is None:
        raise SignatureError(f"“{given.name}” is of a type that a form can't show: {_name(hint)}.")
    parameter = Parameter(
        given.name,
        value_type,
        may_be_none,
        given.default,
        tuple(each for each in extras if callable(each)),
        next((each for each in extras if isinstance(each, str)), help_text),
    )
    if given.default is None and not may_be_none:
        raise SignatureError(
            f"The default of “{given.name}” doesn't fit: to allow None, write “| None” in the"
            " annotation."
        )
    if not parameter.is_required:
        try:
            parameter.write(given.default)
        except ValidationError as error:
            reason = " ".join(error.messages)
            raise SignatureError(f"The default of “{given.name}” doesn't fit: {reason}") from error
    return parameter


def _without_extras(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is Annotated:
        inner, *extras = get_args(hint)
        return inner, tuple(extras)
    return hint, ()


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in {Union, UnionType}:
        return hint, False
    parts = [part for part in get_args(hint) if part is not NoneType]
    return (parts[0], True) if len(parts) == 1 else (hint, False)


def _type_of(hint: Any) -> ValueType | None:
    if get_origin(hint) is Literal:
        values = get_args(hint)
        return OneOf(values) if all(type(value) in _LITERALS for value in values) else None
    if isinstance(hint, type) and issubclass(hint, Enum):
        return Member(hint)
    if isinstance(hint, type) and issubclass(hint, models.Model):
        return Key(hint) if _has_key(hint) else None
    try:
        made = TYPES.get(hint)
    except TypeError:  # it has no hash
        return None
    return None if made is None else made()


def _has_key(model: type[models.Model]) -> bool:
    """Whether an object of it can be told by one value."""
    meta: Any = model._meta
    is_of_several = isinstance(meta.pk, models.CompositePrimaryKey)
    return not (meta.abstract or meta.swapped or is_of_several)


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)
