"""The register of functions that may be scheduled. `@job` puts them in, by their names.

It is the only way from a name that is stored to something that is called: a name that isn't in here
is an error, and is never imported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Required, TypedDict, TypeVar, Unpack, overload

Function = TypeVar("Function", bound=Callable[..., Any])

Schedule = Mapping[str, "str | int | datetime | timedelta | None"] | str | timedelta
"""Fields by name, a crontab line, or an interval: see `countjobs.functions.declared_schedules`."""


class Rules(TypedDict, total=False):
    """The fields of a definition that `@job` and `declare` set, by their names there."""

    group: str
    description: str
    enabled: bool
    executor: str
    misfire_grace_time: int | None
    coalesce: bool
    max_instances: int
    overlap: str
    time_limit: int | None
    retries: int
    retry_delay: int
    retry_backoff: Decimal | float
    rerun_if_lost: bool
    pause_after: int | None
    most_silence: int | None
    keep_days: int | None


class Options(Rules, total=False):
    """What `@job` takes."""

    name: str
    aliases: Sequence[str]
    permission: str
    schedule: Schedule | None
    arguments: Mapping[str, Any]


class DeclaredOptions(Rules, total=False):
    """What `declare` takes."""

    name: Required[str]
    schedule: Required[Schedule]
    arguments: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Registered:
    """A function that may be scheduled."""

    name: str
    """What definitions store."""
    target: Any
    """The function, or the Django task."""
    aliases: tuple[str, ...] = ()
    """Names that it had before. Definitions that store one of them mean this function."""
    permission: str = ""
    """What people need to schedule it, as “app.codename”; "" if nothing special."""
    rules: Rules = field(default_factory=Rules)
    """Values for a definition of it, where nobody has said otherwise."""

    @property
    def group(self) -> str:
        """The heading under which the form lists it, and the group of its definitions."""
        return self.rules.get("group", "")

    @property
    def names(self) -> tuple[str, ...]:
        """Its name, and those that it had before."""
        return (self.name, *self.aliases)

    @cached_property
    def is_task(self) -> bool:
        """Whether it is a Django task: then a run enqueues it."""
        return is_task(self.target)

    @property
    def function(self) -> Callable[..., Any]:
        """The function itself, whose signature counts."""
        found: Callable[..., Any] = self.target.func if self.is_task else self.target
        return found


@dataclass(frozen=True, eq=False)
class Declared:
    """A schedule that code declares."""

    name: str
    function: Registered
    schedule: Schedule
    arguments: Mapping[str, Any]
    rules: Rules

    @property
    def names(self) -> list[str]:
        """The name, and those that it had before, if it is called as its function."""
        return [self.name, *(self.function.aliases if self.name == self.function.name else ())]


class Registry:
    """Functions by name, and the schedules that are declared for them."""

    def __init__(self) -> None:
        self.functions: list[Registered] = []
        self.declared: list[Declared] = []
        self._by_name: dict[str, Registered] = {}

    def add(self, registered: Registered) -> None:
        """Add a function. If a name occurs twice, the first one has it, and a check reports it."""
        self.functions.append(registered)
        for name in registered.names:
            self._by_name.setdefault(name, registered)

    def find(self, name: object) -> Registered | None:
        """The function with this name, or with this alias; None if there is none."""
        return self._by_name.get(name) if isinstance(name, str) else None

    def of(self, target: object) -> Registered | None:
        """The entry of a function; None if it has none."""
        return next((each for each in self.functions if each.target is target), None)

    def names_taken_twice(self) -> Iterator[tuple[str, list[Registered]]]:
        """Names that more than one function has, or has had, each with those functions."""
        for name in sorted({name for each in self.functions for name in each.names}):
            owners = [each for each in self.functions if name in each.names]
            if len(owners) > 1:
                yield name, owners


registry = Registry()
"""All functions of this process."""

_RULES = frozenset(Rules.__annotations__)
_OWN = frozenset(Options.__annotations__) - _RULES


@overload
def job(function: Function, /) -> Function: ...


@overload
def job(**options: Unpack[Options]) -> Callable[[Function], Function]: ...


def job(function: Any = None, /, **options: Any) -> Any:
    """Let people schedule a function, or a Django task. The function stays what it is.

    Put it on functions in your apps' `jobs.py` (the setting `JOBS_MODULE` names another module):
    that module is imported at the start. All parameters need annotations.

    Args:
        function: The function, if there are no options.
        name: What definitions store; by default the dotted name.
        aliases: Names that the function had before.
        permission: What people need to schedule it, such as "shop.refund".
        group: The group of its definitions, and the heading under which the form lists it.
        schedule: Declares a definition: cron fields by name (those that are smaller than the
            smallest one named are at their least value, as in APScheduler), a crontab line, or an
            interval: a timedelta, or a dict with `every`.
        arguments: What the declared definition calls the function with.

    All other options are fields of a definition, such as `time_limit` or `retries`.

    Raises TypeError for unknown options, options of a wrong type, and for what isn't a function.
    """
    _refuse_unknown(options, _OWN | _RULES, "job")
    if function is not None:
        _register(function, {})
        return function

    def decorate(target: Any) -> Any:
        _register(target, options)
        return target

    return decorate


def declare(function: Callable[..., Any], /, **options: Unpack[DeclaredOptions]) -> None:
    """Declare one more schedule of a function that `@job` has registered.

    Args:
        function: The function.
        name: The definition's name. No two declarations may have the same.
        schedule: As for `job`.
        arguments: What the function is called with.

    All other options are fields of a definition.

    Raises TypeError for unknown or missing options, and if the function isn't registered.
    """
    _refuse_unknown(options, {"name", "schedule", "arguments"} | _RULES, "declare")
    if missing := sorted({"name", "schedule"} - options.keys()):
        raise TypeError(f"declare() needs {' and '.join(missing)}.")
    _check_types(options, "declare")
    registered = registry.of(function)
    if registered is None:
        raise TypeError(f"{function!r} isn't registered: decorate it with @job.")
    rules: Any = {name: value for name, value in options.items() if name in _RULES}
    given: Any = options
    registry.declared.append(
        Declared(
            given["name"],
            registered,
            given["schedule"],
            given.get("arguments") or {},
            {**registered.rules, **rules},
        )
    )


def is_task(target: object) -> bool:
    """Whether something is a task, of `django.tasks` or of the package `django_tasks`."""
    return all(hasattr(target, name) for name in ("func", "enqueue", "module_path"))


def _register(target: Any, options: Mapping[str, Any]) -> None:
    is_function = callable(target) and hasattr(target, "__qualname__")
    if not is_task(target) and (not is_function or isinstance(target, type)):
        raise TypeError(f"@job is for functions and Django tasks, not {target!r}.")
    _check_types(options, "job")
    rules: Any = {name: value for name, value in options.items() if name in _RULES}
    function = target.func if is_task(target) else target
    registered = Registered(
        name=options.get("name") or f"{function.__module__}.{function.__qualname__}",
        target=target,
        aliases=tuple(options.get("aliases", ())),
        permission=options.get("permission", ""),
        rules=rules,
    )
    schedule = options.get("schedule")
    if schedule is None and options.get("arguments"):
        raise TypeError("arguments go with a schedule: give both, or neither.")
    registry.add(registered)
    if schedule is not None:
        arguments = options.get("arguments") or {}
        declared = Declared(registered.name, registered, schedule, arguments, rules)
        registry.declared.append(declared)


def _refuse_unknown(given: Mapping[str, Any], known: set[str] | frozenset[str], where: str) -> None:
    if unknown := sorted(given.keys() - known):
        raise TypeError(
            f"{where}() has no option {', '.join(unknown)}. Its options are "
            f"{', '.join(sorted(known))}."
        )


def _check_types(given: Mapping[str, Any], where: str) -> None:
    """Raises TypeError for options of a wrong type that would only be noticed much later."""
    for name in ("name", "permission", "group"):
        if not isinstance(given.get(name, ""), str):
            raise TypeError(f"{where}(): {name} must be a text, not {given[name]!r}.")
    aliases = given.get("aliases", ())
    if isinstance(aliases, str) or not isinstance(aliases, Sequence):
        raise TypeError("aliases must be a list of names, not one text.")
    if not all(isinstance(each, str) for each in aliases):
        raise TypeError(f"aliases must be a list of names, not {aliases!r}.")
    arguments = given.get("arguments")
    if arguments is not None and not isinstance(arguments, Mapping):
        raise TypeError(f"{where}(): arguments must be a dict, not {arguments!r}.")
