"""Issue 11: a declared schedule that can't become a definition is told of at the start."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import checks

from countjobs import declare, job
from countjobs.checks.function_checks import check_declarations, check_functions, place_of
from countjobs.functions.registry import registry

pytestmark = pytest.mark.usefixtures("isolated_registry")


def report(days: int, *, title: str = "Report") -> None:
    """What is declared here."""


def _found() -> list[checks.CheckMessage]:
    messages = [*check_functions(None), *check_declarations(None)]
    assert all(message.hint for message in messages), "a hint says what to do"
    assert all(message.obj == place_of(report) for message in messages)
    return messages


def _declare(**options: Any) -> None:
    given = {"schedule": {"hour": 3}, "arguments": {"days": 3}, **options}
    job(**given)(report)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"schedule": {"hour": 25}}, "hour: "),
        ({"schedule": {"month": 2, "day": 30}}, "This schedule never runs"),
        ({"schedule": "0 3 30 2 *"}, "This schedule never runs"),
        ({"schedule": {}}, "A schedule names at least one cron field, or has “every”."),
        ({"schedule": {"hours": 3}}, "A schedule has no field hours."),
        ({"schedule": ["3"]}, "A schedule is a dict of fields, a crontab line, or a timedelta."),
        ({"schedule": {"every": 60, "hour": 3}}, "either “every” or cron fields, not both"),
        ({"schedule": {"every": "often"}}, "“every” is a timedelta or a number"),
        ({"schedule": {"every": 0}}, "every: "),
        ({"schedule": timedelta(days=-1)}, "every: "),
        ({"schedule": timedelta(days=99_999)}, "every: "),
        ({"schedule": {"every": 60, "timezone": "Nowhere"}}, "timezone: "),
        ({"schedule": "sometimes"}, "A crontab line has five fields"),
        ({"schedule": "0 3 * * * ls"}, "is more than a schedule"),
        ({"schedule": {"hour": 3, "timezone": "Nowhere"}}, "timezone: "),
        ({"schedule": {"hour": 3, "jitter": -1}}, "jitter: "),
        ({"schedule": {"hour": 3, "start_date": "2026-01-01T00:00"}}, "start_date: "),
        ({"arguments": {}}, "days: this argument is missing."),
        ({"arguments": {"days": "3"}}, "days: This must be a whole number"),
        ({"arguments": {"days": 3, "weeks": 1}}, "weeks: the function has no such parameter."),
        ({"arguments": {"days": None}}, "days: This field is required."),
    ],
)
def test_what_can_not_be_declared(options: dict[str, Any], reason: str) -> None:
    _declare(name="daily", **options)
    [found] = _found()
    assert found.id == "countjobs.E036"
    assert found.msg.startswith("“daily” can't be declared: ")
    assert reason in found.msg


@pytest.mark.parametrize(
    "schedule",
    [{"hour": 3}, {"day": "last"}, "*/5 * * * *", "@daily", {"hour": 3, "timezone": "Asia/Tokyo"}],
)
def test_what_can(schedule: Any) -> None:
    _declare(schedule=schedule)
    assert _found() == []


def test_a_schedule_that_never_runs_may_be_declared_disabled() -> None:
    _declare(schedule={"month": 2, "day": 30}, enabled=False)
    assert _found() == []


def test_a_schedule_that_has_ended_is_no_reason_not_to_start() -> None:
    _declare(schedule={"year": 2020, "hour": 3})
    _declare(name="other", schedule={"hour": 3, "end_date": "2020-01-01T00:00+00:00"})
    assert [(each.id, each.level) for each in _found()] == [("countjobs.W031", checks.WARNING)] * 2


def test_options_of_the_declaration_itself() -> None:
    job(retries=2)(report)
    declare(report, name="one", schedule="@daily", arguments={"days": 1}, retries=-1)
    [found] = _found()
    assert found.id == "countjobs.E036"
    assert "retries: " in found.msg


def test_an_option_that_the_declaration_mends_is_the_function_s_fault_alone() -> None:
    job(retries=-1)(report)
    declare(report, name="one", schedule="@daily", arguments={"days": 1}, retries=1)
    assert [each.id for each in _found()] == ["countjobs.E035"]


@pytest.mark.parametrize("name", ["x" * 201, "da\nily", " daily", ""])
def test_a_name_that_no_definition_can_have(name: str) -> None:
    job(report)
    declare(report, name=name, schedule="@daily", arguments={"days": 1})
    [found] = _found()
    assert found.id == "countjobs.E038"


def test_two_declarations_of_one_name() -> None:
    _declare(name="daily", aliases=["nightly"])
    declare(report, name="weekly", schedule="@weekly", arguments={"days": 7})
    declare(report, name="weekly", schedule="@monthly", arguments={"days": 30})
    declare(report, name="nightly", schedule="@daily", arguments={"days": 1})
    assert [(each.id, each.msg) for each in _found()] == [
        ("countjobs.E037", "Two schedules are declared with the name “weekly”."),
        ("countjobs.E037", "Two schedules are declared with the name “nightly”."),
    ]
    assert len(registry.declared) == 4
