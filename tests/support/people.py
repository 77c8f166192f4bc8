"""Who comes to the admin, and what they may do there."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Permission, User
from django.test import Client

VIEW = ("view_countjob", "view_execution", "view_schedulernode", "view_parkedjob")
EDIT = (*VIEW, "add_countjob", "change_countjob", "delete_countjob", "pause_countjob")

PERMISSIONS: dict[str, Iterable[str]] = {
    "nobody": (),
    "viewer": VIEW,
    "editor": EDIT,
    "writer": (*VIEW, "add_countjob", "change_countjob"),
    "runner": (*VIEW, "run_countjob"),
    "pauser": (*VIEW, "pause_countjob"),
    "changer": (*VIEW, "change_countjob"),
    "adder": (*VIEW, "add_countjob"),
    "deleter": (*VIEW, "delete_countjob"),
    "holder": (*VIEW, "hold_jobs"),
}
"""The permissions of staff, by role. There are also `anonymous` and `superuser`."""

ROLES = ("anonymous", *PERMISSIONS, "superuser")


def user_of(role: str) -> User:
    """A user of a role, named as the role is."""
    if role == "superuser":
        return User.objects.create_superuser(role)
    user = User.objects.create_user(role, is_staff=True)
    codenames = PERMISSIONS[role]
    wanted = Permission.objects.filter(codename__in=codenames, content_type__app_label="countjobs")
    user.user_permissions.set(wanted)
    return user


def client_of(role: str, *, enforce_csrf_checks: bool = False) -> Client:
    """A browser in which a person of a role is logged in; nobody is as `anonymous`."""
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    if role != "anonymous":
        client.force_login(user_of(role))
    return client
