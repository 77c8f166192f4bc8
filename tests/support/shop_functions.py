"""Functions of a shop, for tests of the pages: one needs a permission, one takes an object."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import pytest
from django.contrib.auth.models import Permission, User
from django.core.validators import MinValueValidator
from django.test import Client

from countjobs import job
from countjobs.functions.registry import Registry
from countjobs.models import FunctionJob
from tests.support.definition_form import form_values

CALLED: list[tuple[Any, ...]] = []
"""What the functions were called with."""

FUNCTION_JOBS = "/admin/countjobs/functionjob/"
NEEDED = "auth.delete_user"
ALL = ("add", "change", "delete", "view", "run", "pause")


def mail(
    days: Annotated[int, MinValueValidator(1)],
    to: str = "all",
    how: Literal["html", "text"] = "text",
) -> None:
    """Mail customers.

    Args:
        days: How long they have not come.
    """
    CALLED.append((days, to, how))


def refund(order: int) -> None:
    CALLED.append((order,))


def greet(user: User, on: date | None = None) -> None:
    CALLED.append((user, on))


def rest() -> None:
    CALLED.append(())


@pytest.fixture
def shop(isolated_registry: Registry) -> Registry:
    """The register with these functions alone."""
    CALLED.clear()
    job(name="shop.mail", time_limit=60, coalesce=False)(mail)
    job(name="shop.refund", aliases=["shop.pay_back"], permission=NEEDED)(refund)
    job(name="shop.greet", group="Greetings")(greet)
    job(name="shop.rest")(rest)
    return isolated_registry


def clerk(*more: str) -> Client:
    """A person with every permission for function jobs, and runs, but none of a function's."""
    user = User.objects.create_user("clerk", is_staff=True)
    names = [f"{action}_functionjob" for action in ALL]
    wanted = [*names, "view_execution", "view_parkedjob", *more]
    user.user_permissions.set(Permission.objects.filter(codename__in=wanted))
    client = Client()
    client.force_login(user)
    return client


def make_refund(**fields: Any) -> FunctionJob:
    given = {"name": "pay", "function": "shop.refund", "arguments": {"order": 5}, **fields}
    return FunctionJob.objects.create(**{"hour": "3", "minute": "0", **given})


def typed(function: str, **arguments: str) -> dict[str, str]:
    """What a browser sends for a new function job."""
    inputs = {f"arguments-{name}": value for name, value in arguments.items()}
    values = {"function": function, "arguments--of": function, **inputs}
    return form_values({"name": "typed", "hour": "3", "minute": "0", **values})
