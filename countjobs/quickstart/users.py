"""What the site's user model lacks for a first user, who has just a name and a password."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

_NAME = "admin"
_ADDRESS = "admin@example.com"
"""Its name where people log in with their mail addresses."""

Users = type[models.Model]


def name_in(users: Any) -> str:
    """The name of the first user, in the form that the model has for names."""
    return _ADDRESS if isinstance(_name_field(users), models.EmailField) else _NAME


def has_field(users: Users, name: str) -> bool:
    """Whether the table has such a column: a property can't be asked for in a query."""
    return any(field.name == name for field in users._meta.concrete_fields)


def obstacle(users: Any) -> str:
    """Why no superuser can be made with a name and a password alone; empty where one can."""
    given = {"model": users._meta.label, "field": users.USERNAME_FIELD, "name": name_in(users)}
    if not has_field(users, "is_superuser"):
        return _("%(model)s has no field “is_superuser”") % given
    if not hasattr(users._default_manager, "create_superuser"):
        return _("the manager of %(model)s has no “create_superuser”") % given
    if not takes_name(users):
        return _("“%(field)s” of %(model)s can't be “%(name)s”") % given
    if needed := sorted({*_needed_fields(users), *_needed_arguments(users)}):
        fields = ", ".join(f"“{name}”" for name in needed)
        return _("%(model)s also needs %(fields)s") % {**given, "fields": fields}
    return ""


def takes_name(users: Any) -> bool:
    """Whether the first user's name is one that the model takes."""
    field = _name_field(users)
    if field.is_relation:
        return False
    try:
        field.clean(name_in(users), None)
    except ValidationError:
        return False
    return True


def _name_field(users: Any) -> Any:
    return users._meta.get_field(users.USERNAME_FIELD)


def _needed_fields(users: Any) -> Iterator[str]:
    """Fields of which the model says that they must be filled in, and that nothing fills in."""
    for field in users._meta.concrete_fields:
        is_given = field.name in (users.USERNAME_FIELD, "password")
        is_optional = field.blank or field.null or field.has_default() or field.has_db_default()
        if is_given or is_optional or field.primary_key:
            continue
        # A text that nobody gives is empty, which only a field that is asked for may not be.
        if field.name in users.REQUIRED_FIELDS or not field.empty_strings_allowed:
            yield field.name


def _needed_arguments(users: Any) -> Iterator[str]:
    """Arguments without which the model's own `create_superuser` can't be called."""
    signature = inspect.signature(users._default_manager.create_superuser)
    for name, parameter in signature.parameters.items():
        is_open = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        is_given = name in (users.USERNAME_FIELD, "password")
        if not is_open and not is_given and parameter.default is parameter.empty:
            yield name
