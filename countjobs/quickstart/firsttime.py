"""What an empty database gets: the first user, and the article's example. What is there is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.crypto import get_random_string

from countjobs.models import CountJob, Execution
from countjobs.models.kinds import concrete_definitions
from countjobs.quickstart import users
from countjobs.text import describe

_EASY_TO_READ = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

EXAMPLE = {
    "name": "count three",
    "description": "The example of the quick start. Edit it, disable it, delete it.",
    "messages": {"one": "one count.", "two": "two count.", "three": "three count."},
    "count": 3,
    "second": "*/5",
}
"""The article's job: every five seconds. The cron fields that it leaves out are all `*`."""


@dataclass(frozen=True)
class Login:
    """Who may log in. The password is known only where the user was made just now."""

    username: str
    password: str | None


class NoFirstUserError(Exception):
    """No superuser could be made. The message says why."""


def ensure_superuser(keep: Callable[[str], object] = str) -> Login | None:
    """The user to log in as, made if there is no superuser.

    `keep` gets the password of a new one; what it raises is raised here, and no user is made.
    None where a user who is no superuser has the name: giving that person all rights is not for a
    quick start to decide. Raises NoFirstUserError.
    """
    model: Any = get_user_model()
    field, name = model.USERNAME_FIELD, users.name_in(model)
    if known := _known_superuser(model, name):
        return Login(known.get_username(), None)
    if reason := users.obstacle(model):
        raise NoFirstUserError(reason)
    if model._default_manager.filter(**{field: name}).exists():
        return None
    password = get_random_string(16, _EASY_TO_READ)
    with transaction.atomic():
        try:
            model._default_manager.create_superuser(**{field: name, "password": password})
        except Exception as error:  # the model's own code, which may want what it doesn't say
            raise NoFirstUserError(describe(error)) from error
        keep(password)
    return Login(name, password)


def _known_superuser(model: Any, name: str) -> Any:
    if not users.has_field(model, "is_superuser"):
        return None
    flags = [flag for flag in ("is_superuser", "is_active") if users.has_field(model, flag)]
    superusers = model._default_manager.filter(**dict.fromkeys(flags, True))
    named = superusers.filter(**{model.USERNAME_FIELD: name}) if users.takes_name(model) else None
    return (named and named.first()) or superusers.order_by("pk").first()


def load_example() -> bool:
    """Load the example where there is no definition yet, and never was one that ran.

    So an example that was edited stays edited, and one that was deleted stays deleted. Returns
    whether it was loaded.
    """
    if Execution.objects.exists():
        return False
    if any(model._default_manager.exists() for model in concrete_definitions()):
        return False
    CountJob.objects.create(**EXAMPLE)
    return True
