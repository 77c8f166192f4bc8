"""What an empty database gets: the first user, and the article's example. What is there is kept."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth import get_user_model
from django.utils.crypto import get_random_string

from countjobs.models import CountJob, Execution
from countjobs.models.definitions import concrete_definitions

USERNAME = "admin"
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


def ensure_superuser() -> Login | None:
    """The user to log in as, made if there is no superuser.

    None where a user who is no superuser has the name: giving that person all rights is not for a
    quick start to decide.
    """
    users = get_user_model()
    field = users.USERNAME_FIELD
    superusers = users._default_manager.filter(is_superuser=True, is_active=True)
    known = superusers.filter(**{field: USERNAME}).first() or superusers.order_by("pk").first()
    if known is not None:
        return Login(known.get_username(), None)
    if users._default_manager.filter(**{field: USERNAME}).exists():
        return None
    password = get_random_string(16, _EASY_TO_READ)
    users._default_manager.create_superuser(**{field: USERNAME, "password": password})
    return Login(USERNAME, password)


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
