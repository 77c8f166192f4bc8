"""What a first start makes: files for their owner only, the first user, and the example.

What is there is kept.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, models, transaction
from django.utils.crypto import get_random_string

from countjobs.models import CommandJob, CountJob, Declaration, Execution
from countjobs.models.kinds import concrete_definitions
from countjobs.text import describe

PASSWORD_FILE = ".quickstart_password"  # noqa: S105  # a name
_FORGOTTEN = "shown when this user was created. To change it: manage.py changepassword {name}"
_EASY_TO_READ = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

EXAMPLE = {
    "name": "count three",
    "description": "The example of the quick start. Edit it, disable it, delete it.",
    "messages": {"one": "one count.", "two": "two count.", "three": "three count."},
    "count": 3,
    "second": "*/5",
}
"""The example: every five seconds. The cron fields that it leaves out are all `*`."""

PURGE = {
    "name": "delete old runs",
    "description": "Without it, the history would grow for ever.",
    "command": "purgeexecutions",
    "hour": "3",
    "minute": "30",
}
"""Each night, old runs are deleted."""


def keep_files_private() -> Iterator[str]:
    """Shut others out of the database, and of all files that this process makes from now on.

    Sessions and hashes of passwords are in it; who reads it can become anybody. Tells what changed.
    """
    os.umask(0o077)
    name = connection.settings_dict["NAME"] if connection.vendor == "sqlite" else os.devnull
    for file in (Path(f"{name}{ending}") for ending in ("", "-wal", "-shm", "-journal")):
        if file.is_file() and file.stat().st_mode & 0o077:
            try:
                file.chmod(0o600)
            except OSError as error:  # it is somebody else's
                yield f"Others on this machine can read the database: {error}"
            else:
                yield f"Others could read {file}. Now only its owner can."


def obstacle() -> str:
    """Why the site's user model can't have a first user with a name and a password alone.

    Empty where it can, as far as the model says.
    """
    model: Any = get_user_model()
    if not hasattr(model, "is_superuser"):
        return f"{model._meta.label} has no field “is_superuser”"
    asked = map(model._meta.get_field, model.REQUIRED_FIELDS)
    needed = [field.name for field in asked if not (field.blank or field.has_default())]
    return f"{model._meta.label} also needs “{'”, “'.join(needed)}”" if needed else ""


def superuser(*, on_terminal: bool) -> list[str]:
    """Who may log in, in lines to print. Makes the first superuser where there is none.

    A log or a pipe may be read by others: without a terminal the password goes into a file.
    """
    model: Any = get_user_model()
    reason = obstacle()
    try:
        if not reason:
            known = model._default_manager.filter(is_superuser=True).order_by("pk")
            if user := next((user for user in known if user.is_active), None):
                name, password = user.get_username(), _FORGOTTEN.format(name=user.get_username())
            else:
                name, password = _make_superuser(model, on_terminal=on_terminal)
            return [f"    User:      {name}", f"    Password:  {password}"]
    except Exception as error:  # the model's own code, which may want what it doesn't say
        reason = " ".join(describe(error).split())
    return [
        f"    No user was created: {reason}. Create one with",
        "               manage.py createsuperuser",
    ]


def _make_superuser(model: Any, *, on_terminal: bool) -> tuple[str, str]:
    """The name, and the password or where it is. If that can't be kept, no user is made."""
    field = model._meta.get_field(model.USERNAME_FIELD)
    name = "admin@example.com" if isinstance(field, models.EmailField) else "admin"
    password = get_random_string(16, _EASY_TO_READ)
    with transaction.atomic():
        model._default_manager.create_superuser(**{field.name: name, "password": password})
        return name, password if on_terminal else f"in the file {_keep(password)}"


def _keep(password: str) -> Path:
    """Write a password into a file beside the database, or else here."""
    place = Path(connection.settings_dict["NAME"]) if connection.vendor == "sqlite" else Path()
    file = (place.parent / PASSWORD_FILE).absolute()
    file.unlink(missing_ok=True)
    with file.open("x") as opened:  # never what somebody else has put or linked there
        opened.write(f"{password}\n")
    return file


def load_example() -> bool:
    """Load the example, and the nightly purge, where there is no definition yet, and never was one
    that ran. Definitions that code declares don't count.

    So an example that was edited stays edited, and one that was deleted stays deleted. Returns
    whether it was loaded.
    """
    if Execution.objects.exists():
        return False
    declared = Declaration.objects.count()
    if sum(model._default_manager.count() for model in concrete_definitions()) > declared:
        return False
    CountJob.objects.create(**EXAMPLE)
    CommandJob.objects.create(**PURGE)
    return True
