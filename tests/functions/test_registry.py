"""`@job` and `declare`: what they register, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from countjobs import declare, job
from countjobs.functions.callees import known_callees
from countjobs.functions.registry import Registry
from tests.support.paths import ROOT

pytestmark = pytest.mark.usefixtures("isolated_registry")

WHERE = "tests.functions.test_registry"


def module_level(days: int = 7) -> None:
    """Registered by the tests."""


def test_a_function_is_registered_by_its_dotted_name_and_stays_what_it_is(
    isolated_registry: Registry,
) -> None:
    returned: object = job(module_level)
    assert returned is module_level
    found = isolated_registry.find(f"{WHERE}.module_level")
    assert found is not None
    assert [found.target, found.function] == [module_level, module_level]
    assert isolated_registry.of(module_level) is found
    assert not found.is_task


def test_with_options_it_stays_what_it_is_too(isolated_registry: Registry) -> None:
    assert job(name="mail", group="Mails", permission="shop.mail")(module_level) is module_level
    found = isolated_registry.find("mail")
    assert found is not None
    assert (found.group, found.permission) == ("Mails", "shop.mail")
    assert isolated_registry.find(f"{WHERE}.module_level") is None, "only one name counts"


def test_an_async_function_and_a_method_of_a_class_have_names_too(
    isolated_registry: Registry,
) -> None:
    class Shop:
        @staticmethod
        @job
        async def close() -> None: ...

    names = [each.name for each in isolated_registry.functions]
    assert names[0].endswith("<locals>.Shop.close")
    assert isolated_registry.find(names[0])


def test_aliases_find_it(isolated_registry: Registry) -> None:
    job(name="new", aliases=["old", "older"])(module_level)
    new = isolated_registry.find("new")
    assert new is not None
    assert isolated_registry.find("old") is isolated_registry.find("older") is new
    assert new.name == "new"
    assert known_callees() == [
        *("command clearsessions", "command purgeexecutions"),
        *("function new", "function old", "function older"),
    ]


def test_of_two_functions_with_one_name_the_first_has_it(isolated_registry: Registry) -> None:
    job(name="mail")(module_level)
    job(name="send", aliases=["mail"])(print)
    first, second = isolated_registry.functions
    assert isolated_registry.find("mail") is first
    assert isolated_registry.find("send") is second
    assert list(isolated_registry.names_taken_twice()) == [("mail", [first, second])]


@pytest.mark.parametrize("name", [None, 7, [], {}, b"mail", "", "Mail", "mail "])
def test_nothing_else_is_found(name: object, isolated_registry: Registry) -> None:
    job(name="mail")(module_level)
    assert isolated_registry.find(name) is None


BAD: list[tuple[dict[str, Any], str]] = [
    ({"timeout": 5}, r"job\(\) has no option timeout. Its options are aliases, arguments, "),
    ({"aliases": "old"}, "a list of names, not one text"),
    ({"aliases": [7]}, "a list of names"),
    ({"aliases": 7}, "a list of names"),
    ({"name": 7}, "name must be a text, not 7"),
    ({"permission": None}, "permission must be a text"),
    ({"group": 1}, "group must be a text"),
    ({"arguments": {"days": 1}}, "arguments go with a schedule"),
    ({"schedule": "@daily", "arguments": [1]}, "arguments must be a dict"),
]


@pytest.mark.parametrize(("options", "reason"), BAD, ids=str)
def test_bad_options_are_refused_at_once(
    options: dict[str, Any], reason: str, isolated_registry: Registry
) -> None:
    with pytest.raises(TypeError, match=reason):
        job(**options)(module_level)
    assert isolated_registry.functions == []
    assert isolated_registry.declared == []


@pytest.mark.parametrize("target", [7, "text", object(), dict])
def test_what_is_no_function_is_refused(target: Any) -> None:
    with pytest.raises(TypeError, match="for functions and Django tasks"):
        job(target)
    with pytest.raises(TypeError, match="for functions and Django tasks"):
        job()(target)


# Declarations


def test_a_schedule_declares_a_definition_of_the_function_s_name(
    isolated_registry: Registry,
) -> None:
    schedule = {"hour": "3"}
    job(schedule=schedule, arguments={"days": 30}, retries=2, group="Mails")(module_level)
    (declared,) = isolated_registry.declared
    assert declared.name == declared.function.name == f"{WHERE}.module_level"
    assert (declared.schedule, declared.arguments) == (schedule, {"days": 30})
    assert declared.rules == declared.function.rules == {"retries": 2, "group": "Mails"}


def test_without_one_it_declares_nothing(isolated_registry: Registry) -> None:
    job(retries=2)(module_level)
    assert isolated_registry.declared == []
    assert isolated_registry.functions[0].rules == {"retries": 2}


def test_declare_adds_another_with_rules_of_its_own(isolated_registry: Registry) -> None:
    job(retries=2, time_limit=60)(module_level)
    declare(module_level, name="weekly", schedule="@weekly", retries=5)
    (declared,) = isolated_registry.declared
    assert declared.names == ["weekly"]
    assert declared.rules == {"retries": 5, "time_limit": 60}
    assert isolated_registry.functions[0].rules == {"retries": 2, "time_limit": 60}


def test_what_is_called_as_its_function_goes_by_the_aliases_too(
    isolated_registry: Registry,
) -> None:
    job(name="new", aliases=["old"], schedule="@daily")(module_level)
    declare(module_level, name="weekly", schedule="@weekly")
    assert [each.names for each in isolated_registry.declared] == [["new", "old"], ["weekly"]]


def test_a_function_that_is_not_registered_can_t_be_declared() -> None:
    with pytest.raises(TypeError, match="isn't registered: decorate it with @job"):
        declare(module_level, name="weekly", schedule="@weekly")


BAD_DECLARATIONS: list[dict[str, Any]] = [
    {},
    {"name": "weekly"},
    {"schedule": "@weekly"},
    {"name": 7, "schedule": "@weekly"},
    {"name": "weekly", "schedule": "@weekly", "arguments": "x"},
    {"name": "weekly", "schedule": "@weekly", "group": 7},
]


@pytest.mark.parametrize("options", BAD_DECLARATIONS, ids=str)
def test_a_bad_declaration_is_refused_at_once(
    options: dict[str, Any], isolated_registry: Registry
) -> None:
    job(module_level)
    with pytest.raises(TypeError):
        declare(module_level, **options)
    assert isolated_registry.declared == []


# The import


def test_the_decorator_needs_no_apps_and_imports_no_django() -> None:
    code = (
        "import sys\n"
        "from countjobs import declare, job\n"
        "@job(schedule={'hour': '3'})\n"
        "def mail(days: int = 7) -> None: ...\n"
        "declare(mail, name='weekly', schedule='@weekly')\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in "
        "('django', 'apscheduler', 'django_apscheduler')]"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
