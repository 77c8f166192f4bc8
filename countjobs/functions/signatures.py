"""What a function takes: its parameters, from its annotations, its defaults and its docstring."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from countjobs.functions.choice_values import Member, OneOf, words_of
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
        return words_of(self.name)

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
    """Call a validator. Raises ValidationError, whatever it raises: validators are any code."""
    try:
        validator(value)
    except ValidationError:
        raise
    except Exception as error:
        raise ValidationError(describe(error), code="validator") from error


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
    helps = _helps(inspect.getdoc(function) or "")
    given = list(signature.parameters.values())
    if registered.is_task and getattr(registered.target, "takes_context", False):
        given = given[1:]
    for each in given:
        try:
            hint = hints.get(each.name, REQUIRED)
            found[each.name] = _parameter(each, hint, helps.get(each.name, ""))
        except SignatureError as error:
            wrong += error.args
        else:
            if registered.is_task and not found[each.name].type.is_json:
                wrong.append(f"“{each.name}”: a Django task takes only what JSON can hold.")
    if wrong:
        raise SignatureError(*wrong)
    return found


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
        return None if hint._meta.abstract else Key(hint)
    try:
        made = TYPES.get(hint)
    except TypeError:  # it has no hash
        return None
    return None if made is None else made()


def _name(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and not get_args(hint) else str(hint)


# Docstrings

_GOOGLE = re.compile(r"^(?P<indent>[ ]+)\*{0,2}(?P<name>\w+)\s*(\([^)]*\))?:\s*(?P<text>\S.*)$")
_SPHINX = re.compile(r"^\s*:param (?:[^:]*\s)?(?P<name>\w+):\s*(?P<text>.*)$")
_LINE_BREAK = re.compile(r"(?<=\S)[ ]*\n(?=[^\W\d_]|[(\"“`])")
"""Between two lines of a paragraph; lists and indented lines stay lines."""
_SECTION = re.compile(r"^(?:Args|Arguments|Parameters):\s*$")


def summary_of(function: Callable[..., Any]) -> str:
    """The docstring, without what it says of the parameters and of the result."""
    lines: list[str] = []
    for line in (inspect.getdoc(function) or "").splitlines():
        if _SECTION.match(line) or _SPHINX.match(line) or re.match(r"^[A-Z]\w+:\s*$|^:\w+", line):
            break
        lines.append(line)
    return _LINE_BREAK.sub(" ", "\n".join(lines)).strip()


def _helps(doc: str) -> dict[str, str]:
    """What a docstring says of each parameter, in Google's style or in Sphinx's."""
    return {name: text for name, text in _described(doc) if text}


def _described(doc: str) -> Iterator[tuple[str, str]]:
    name, text, indent, in_section = "", "", 0, False
    for line in doc.splitlines():
        if _SECTION.match(line):
            in_section, indent = True, 0
            continue
        found = _SPHINX.match(line) or (_GOOGLE.match(line) if in_section else None)
        depth = len(line) - len(line.lstrip())
        is_new = found is not None and (
            "indent" not in found.groupdict() or not indent or depth <= indent
        )
        if is_new and found is not None:
            yield name, text
            name, text, indent = found["name"], found["text"].strip(), depth
        elif name and line.strip() and depth > indent:
            text = f"{text} {line.strip()}"
        else:
            yield name, text
            name, text = "", ""
            in_section = in_section and (not line.strip() or depth > 0)
    yield name, text
