"""Functions that a test registers, and definitions of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from countjobs.functions.registry import Registered, job, registry
from countjobs.models import FunctionJob
from tests.support.factories import NOON, make_due

NAME = "shop.jobs.mail"
"""What the function of a test is called, if there is but one."""


def register(function: Callable[..., Any], **options: Any) -> Registered:
    """The entry of a function."""
    options.setdefault("name", NAME)
    job(**options)(function)
    return registry.functions[-1]


def unregister(name: str = NAME) -> None:
    """Take a function, and what is declared for it, out of the registry."""
    found = registry.find(name)
    registry.functions = [each for each in registry.functions if each is not found]
    registry.declared = [each for each in registry.declared if each.function is not found]
    registry._by_name = {n: each for n, each in registry._by_name.items() if each is not found}


def empty_registry() -> None:
    """Take all functions, and all that is declared, out of the registry."""
    registry.__init__()  # type: ignore[misc]


def recording(
    hints: Mapping[str, Any], defaults: Mapping[str, Any] | None = None
) -> tuple[Callable[..., None], list[dict[str, Any]]]:
    """A function with these annotations, and what it is called with."""
    calls: list[dict[str, Any]] = []
    defaults = defaults or {}

    def function(**kwargs: Any) -> None:
        given = signature.bind(**kwargs)
        given.apply_defaults()
        calls.append(dict(given.arguments))

    signature = inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=defaults.get(name, inspect.Parameter.empty),
            )
            for name in hints
        ]
    )
    function.__signature__ = signature  # type: ignore[attr-defined]  # `inspect` looks for it
    function.__annotations__ = dict(hints)
    return function, calls


def mail(*, days: int = 7, to: str = "all") -> None:
    """Send a mail."""
    print(f"{days} days to {to}")


def mail_without_days(*, to: str = "all") -> None:
    """What `mail` is in another release."""
    print(f"to {to}")


def function_job(name: str = "mail", due: Any = None, **fields: Any) -> FunctionJob:
    """A definition that calls the function with the usual name."""
    definition = FunctionJob.objects.create(**{"name": name, "function": NAME, **fields})
    if due is not None:
        make_due(definition.job_id, due)
    return definition


def due_function_job(name: str = "mail", **fields: Any) -> FunctionJob:
    return function_job(name, NOON, **fields)
