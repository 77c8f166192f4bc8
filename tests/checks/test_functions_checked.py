"""Issue 11: what is wrong with registered functions is said at the start, without the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from django.core import checks
from pytest_django import Settings

from countjobs import job
from countjobs.checks.function_checks import check_declarations, check_functions, place_of
from countjobs.functions.registry import Registry

pytestmark = pytest.mark.usefixtures("isolated_registry")


def _found() -> list[checks.CheckMessage]:
    messages = [*check_functions(None), *check_declarations(None)]
    assert all(message.hint for message in messages), "a hint says what to do"
    return messages


def _ids() -> list[str | None]:
    return [message.id for message in _found()]


def tidy(days: int = 7) -> None:
    """A function with which nothing is wrong."""


def bare(days) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001  # that is the mistake
    """Its parameter has no annotation."""


def many(*words: str) -> None:
    """What it takes has no name."""


def any_names(**words: str) -> None:
    """What it takes has no fixed names."""


def by_place(days: int, /) -> None:
    """Its parameter can't be given by name."""


def odd(call: Callable[[], None]) -> None:
    """A form can't show that."""


def misfit(days: int = "seven") -> None:  # type: ignore[assignment]  # that is the mistake
    """The default is of another type."""


def unknown(days: "Days") -> None:  # type: ignore[name-defined]  # noqa: F821, UP037
    """The annotation is of nothing."""


def picky(value: int) -> None:
    raise TypeError("not with me")


def refused(days: Annotated[int, picky] = 1) -> None:
    """Its validator raises what it shouldn't."""


def yields() -> Iterator[int]:
    yield 1


async def yields_later() -> Any:
    yield 1


async def later() -> None:
    """Async is fine."""


def test_functions_with_which_nothing_is_wrong() -> None:
    job(tidy)
    job(later)
    job(schedule={"hour": 3}, name="again", arguments={"days": 3}, permission="shop.refund")(tidy)
    job(name="third", retries=3, time_limit=60, executor="processes", overlap="replace")(tidy)
    assert _found() == []


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (bare, "“days” has no annotation."),
        (many, "“*words: 'str'” can't be given by name."),
        (any_names, "“**words: 'str'” can't be given by name."),
        (by_place, "can't be given by name."),
        (odd, "“call” is of a type that a form can't show"),
        (misfit, "The default of “days” doesn't fit"),
        (unknown, "Its annotations can't be read"),
        (refused, "TypeError: not with me"),
    ],
)
def test_a_signature_that_can_not_be_used(function: Callable[..., None], reason: str) -> None:
    job(name="it")(function)
    [found] = _found()
    assert (found.id, found.obj) == ("countjobs.E030", place_of(function))
    assert found.msg.startswith("The function “it” can't be scheduled: ")
    assert reason in found.msg


def test_all_that_is_wrong_with_a_signature_is_one_message() -> None:
    def bad(one, *others: int, three: set[int] = frozenset()) -> None:  # type: ignore  # noqa: ANN001
        """Nothing of it is right."""

    job(bad)
    [found] = _found()
    assert "“one” has no annotation." in found.msg
    assert "“*others: 'int'” can't be given by name." in found.msg
    assert "“three” is of a type that a form can't show: set[int]." in found.msg


def test_a_declared_schedule_of_such_a_function_is_not_told_of_as_well() -> None:
    job(schedule={"hour": 3})(bare)
    assert _ids() == ["countjobs.E030"]


@pytest.mark.parametrize("function", [yields, yields_later])
def test_a_generator_runs_nothing(function: Callable[..., Any]) -> None:
    job(function)
    [found] = _found()
    assert (found.id, found.obj) == ("countjobs.E031", place_of(function))


def test_two_functions_with_one_name() -> None:
    job(name="same")(tidy)
    job(name="other", aliases=["same"])(later)
    job(name="third", aliases=["other"])(bare := _another())
    assert [(each.id, each.obj) for each in _found()] == [
        ("countjobs.E032", place_of(bare)),
        ("countjobs.E032", place_of(later)),
    ]
    assert _found()[1].msg == (
        f"Two functions have the name “same”: definitions that name it call {__name__}.tidy,"
        f" not {__name__}.later."
    )


def _another() -> Callable[[], None]:
    def another() -> None:
        """Different from all others."""

    return another


@pytest.mark.parametrize(
    ("permission", "is_valid"),
    [
        ("shop.refund", True),
        ("shop.refund-all", True),
        ("", True),
        ("refund", False),
        ("shop.", False),
        (".refund", False),
        ("shop.orders.refund", False),
        ("shop.refund orders", False),
    ],
)
def test_a_permission_has_an_app_and_a_codename(permission: str, is_valid: bool) -> None:
    job(permission=permission)(tidy)
    assert _ids() == ([] if is_valid else ["countjobs.E033"])


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("x" * 200, ""),
        ("日本.jobs", ""),
        ("x" * 201, "it has 201 characters, and at most 200 are allowed"),
        ("👩\u200d💻.jobs", ""),
        ("tidy\n", "it has invisible characters"),
        ("ti\u202edy", "it has invisible characters"),
        ("ti\0dy", "it has invisible characters"),
        ("ti\ud800dy", "it has invisible characters"),
        (" tidy", "it has spaces at its ends"),
    ],
)
@pytest.mark.parametrize("how", ["name", "alias", "declared"])
def test_a_name_can_be_stored(name: str, reason: str, how: str) -> None:
    options: Any = {"name": "tidy", "aliases": [name]} if how == "alias" else {"name": name}
    if how == "declared":
        options["schedule"] = "@daily"
    job(**options)(tidy)
    found = _found()
    assert [each.id for each in found] == (["countjobs.E034"] if reason else [])
    assert all(reason in each.msg and each.msg.isprintable() for each in found)


def test_an_alias_that_is_the_name_itself_is_needless() -> None:
    job(name="tidy", aliases=["tidy", "clean"])(tidy)
    [found] = _found()
    assert (found.id, found.level) == ("countjobs.W030", checks.WARNING)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"retries": -1}, "retries: "),
        ({"retries": 101}, "retries: "),
        ({"retries": "many"}, "retries: "),
        ({"time_limit": 0}, "time_limit: "),
        ({"executor": "nowhere"}, "executor: "),
        ({"overlap": "replace"}, "overlap: "),
        ({"overlap": "replace", "executor": ["processes"]}, "options: TypeError"),
        ({"retry_backoff": float("nan")}, "retry_backoff: "),
        ({"enabled": "perhaps"}, "enabled: "),
        ({"description": "x" * 10_001}, "description: "),
        ({"coalesce": None}, "coalesce: "),
    ],
)
@pytest.mark.parametrize("schedule", [None, {"hour": 3}])
def test_options_fit_a_definition(rules: Any, field: str, schedule: Any) -> None:
    """Also where a schedule is declared, the options are told of once."""
    job(name="it", schedule=schedule, **rules)(tidy)
    [found] = _found()
    assert (found.id, found.obj) == ("countjobs.E035", place_of(tidy))
    assert field in found.msg


def test_a_wrong_setting_is_not_told_of_for_each_function(settings: Settings) -> None:
    settings.COUNTJOBS = {"THREADS": 0}
    job(schedule={"hour": 25}, retries=-1)(tidy)
    assert _ids() == []


def test_all_checks_are_registered(isolated_registry: Registry) -> None:
    job(schedule={"hour": 25}, permission="none")(tidy)
    known = checks.registry.registry.get_checks()
    assert {check_functions, check_declarations} <= set(known)
