"""Declared schedules become definitions, which follow the code where nobody has changed them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from countjobs.jobstores.declaring import differences, sync_declared
from countjobs.models import Declaration, FunctionJob, ParkedJob
from tests.support.declaring import (
    EVERYTHING,
    change,
    declared,
    release,
    release_with,
)
from tests.support.factories import NOON
from tests.support.job_rows import row_of
from tests.support.registering import NAME, empty_registry, function_job, mail, recording, register

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated_registry", "noon_clock"),
]


def test_a_definition_is_made_as_declared() -> None:
    (line,) = release(arguments={"days": 3}, retries=2, description="mails", retry_backoff=1.5)
    definition = declared()
    assert line == f"{definition.job_id} ({NAME}): made, as declared"
    assert (definition.name, definition.function) == (NAME, NAME)
    assert (definition.hour, definition.minute, definition.day) == ("3", "0", "*")
    assert (definition.arguments, definition.retries) == ({"days": 3}, 2)
    assert (definition.description, definition.retry_backoff) == ("mails", Decimal("1.5"))
    assert definition.enabled
    assert row_of(definition).next_run_time == NOON.replace(day=5, hour=3)


def test_a_second_sync_does_nothing_whatever_is_declared() -> None:
    assert len(release(**EVERYTHING)) == 1
    before = FunctionJob.objects.values().get()
    assert sync_declared(NOON) == []
    assert release(**EVERYTHING) == []
    assert FunctionJob.objects.values().get() == before
    assert differences(Declaration.objects.get()) == []


@pytest.mark.parametrize("name", [each for each in EVERYTHING if each != "schedule"])
def test_each_field_follows_the_code_and_goes_back_to_its_default(name: str) -> None:
    release()
    fresh = FunctionJob.objects.values().get()
    changed = release(**{name: EVERYTHING[name]})
    assert release(**{name: EVERYTHING[name]}) == []
    if FunctionJob.objects.values().get() != fresh:
        assert changed == [f"{declared().job_id} ({NAME}): changed, as declared: {name}"]
        assert len(release()) == 1
    assert FunctionJob.objects.values().get() == fresh


def test_it_follows_the_code_in_fields_that_nobody_has_changed() -> None:
    release(retries=2, time_limit=60)
    change(retries=5, description="by a person")
    (line,) = release(retries=3, time_limit=90, schedule={"hour": "4"})
    assert line.endswith(": changed, as declared: time_limit, hour")
    definition = declared()
    assert (definition.retries, definition.time_limit, definition.hour) == (5, 90, "4")
    assert definition.description == "by a person"
    assert sync_declared(NOON) == []
    assert row_of(definition).next_run_time == NOON.replace(day=5, hour=4)


def test_a_field_that_a_person_sets_back_follows_the_code_again() -> None:
    release(retries=2)
    change(retries=5)
    assert release(retries=3) == []
    change(retries=3)
    assert len(release(retries=4)) == 1
    assert declared().retries == 4


def test_a_field_that_is_newly_declared_is_set_unless_a_person_has() -> None:
    release()
    change(pause_after=7)
    (line,) = release(retries=2, pause_after=3)
    assert line.endswith(": changed, as declared: retries")
    assert (declared().retries, declared().pause_after) == (2, 7)


def test_one_that_is_no_longer_declared_goes_back_to_the_default_unless_changed() -> None:
    release(retries=2, pause_after=3)
    change(pause_after=7)
    (line,) = release()
    assert line.endswith(": changed, as declared: retries")
    assert (declared().retries, declared().pause_after) == (0, 7)


def test_a_person_may_rename_it() -> None:
    release()
    change(name="The mails")
    assert release(retries=2) == [f"{declared().job_id} (The mails): changed, as declared: retries"]
    assert FunctionJob.objects.count() == 1


def test_a_function_that_was_renamed_keeps_its_definition() -> None:
    release()
    before = declared().pk
    (line,) = release(name="shop.send", aliases=[NAME])
    assert line.endswith("(shop.send): changed, as declared: name, function")
    definition = declared("shop.send")
    assert (definition.pk, definition.function) == (before, "shop.send")
    assert Declaration.objects.count() == 1
    assert sync_declared(NOON) == []


def test_a_person_s_name_stays_when_the_function_is_renamed() -> None:
    release()
    change(name="The mails")
    release(name="shop.send", aliases=[NAME])
    assert (declared("shop.send").name, declared("shop.send").function) == (
        "The mails",
        "shop.send",
    )


def test_what_the_former_release_has_made_once_more_is_disabled() -> None:
    release(name="shop.send", aliases=[NAME])
    Declaration.objects.create(
        name=NAME, definition=function_job("old", function=NAME), values={"enabled": True}
    )
    (line,) = release(name="shop.send", aliases=[NAME])
    assert line.endswith("(old): disabled, because it is no longer declared")
    assert declared("shop.send").enabled
    assert sync_declared(NOON) == []


def test_true_in_place_of_one_is_a_change() -> None:
    for hint, value in ((int, 1), (bool, True)):
        empty_registry()
        register(recording({"it": hint})[0], schedule="@daily", arguments={"it": value})
        sync_declared(NOON)
    assert declared().arguments["it"] is True


# Names


def test_a_definition_of_that_name_and_function_is_taken_and_keeps_what_it_has() -> None:
    register(mail)
    mine = function_job(NAME, hour="5", retries=7)
    (line,) = release(retries=2)
    assert line == f"{mine.job_id} ({NAME}): existed already, and is now declared"
    assert (declared().pk, declared().hour, declared().retries) == (mine.pk, "5", 7)
    assert {each.field for each in differences(Declaration.objects.get())} == {
        *("hour", "retries", "minute")
    }
    assert sync_declared(NOON) == []


def test_where_the_name_is_taken_it_gets_another() -> None:
    register(recording({})[0], name="another")
    for name in (NAME, f"{NAME} (2)"):
        function_job(name, function="another")
    release()
    assert declared().name == f"{NAME} (3)"
    assert sync_declared(NOON) == []


def test_a_name_as_long_as_allowed_is_cut_for_that() -> None:
    register(mail)
    function_job("x" * 200, function="another")
    release_with({"name": "x" * 200})
    assert declared("x" * 200).name == "x" * 196 + " (2)"


# What can't be declared


BAD: list[tuple[dict[str, Any], str]] = [
    ({"schedule": {}}, "A schedule names at least one cron field"),
    ({"schedule": "every day"}, "declared: A crontab line has five fields"),
    ({"schedule": {"hour": "99"}}, "hour: “99” is not understood"),
    ({"schedule": {"day": "31", "month": "2"}}, "This schedule never runs"),
    ({"schedule": {"hour": None}}, "A schedule names at least one cron field"),
    ({"schedule": {"hour": "3", "timezone": "Mars"}}, "There is no time zone “Mars”"),
    ({"schedule": {"hour": "3", "start_date": datetime(2026, 3, 4)}}, "no time zone"),
    (
        {"schedule": {"hour": "3", "start_date": "tomorrow"}},
        "start_date: “tomorrow” value",
    ),
    ({"schedule": {"hour": "3", "start_date": 5}}, "TypeError"),
    ({"arguments": {"days": "7"}}, "days: This must be a whole number"),
    ({"arguments": {"cc": 7}}, "cc: the function has no such parameter"),
    ({"retries": "many"}, "must be an integer"),
    ({"retries": 1_000}, "less than or equal to 100"),
    ({"executor": "elsewhere"}, "is not a valid choice"),
    ({"overlap": "replace"}, "This executor can't stop a run"),
    ({"time_limit": [1]}, "must be an integer"),
    ({"retry_backoff": "x"}, "must be a decimal number"),
    ({"description": "\0"}, "NUL characters are not allowed"),
]


@pytest.mark.parametrize(("options", "reason"), BAD, ids=lambda value: str(value)[:50])
def test_what_can_t_be_declared_is_told_and_changes_nothing(
    options: dict[str, Any], reason: str
) -> None:
    release(retries=2)
    before = FunctionJob.objects.values().get()
    (line,) = release(**options)
    assert line.startswith(f"{NAME}: can't be declared: ")
    assert reason in line
    assert FunctionJob.objects.values().get() == before
    assert Declaration.objects.get().gone_at is None
    assert not ParkedJob.objects.exists()


def test_the_others_are_made_all_the_same() -> None:
    lines = release_with({"name": "a", "retries": -1}, {"name": "x" * 201}, {"name": "b"})
    assert [line.partition(":")[0] for line in lines][:2] == ["a", "x" * 201]
    assert lines[2].endswith("(b): made, as declared")
    assert [each.name for each in FunctionJob.objects.all()] == ["b"]


def test_a_function_that_can_t_be_scheduled_says_so() -> None:
    empty_registry()
    register(recording({"it": object})[0], schedule="@daily")
    (line,) = sync_declared(NOON)
    assert "“it” is of a type that a form can't show: object." in line


def test_of_two_declarations_with_one_name_the_first_counts() -> None:
    twice = [{"name": "a", "retries": 1}, {"name": "a", "retries": 2}]
    lines = release_with(*twice)
    assert lines[1] == "a: declared twice: only the first declaration counts"
    assert declared("a").retries == 1
    assert release_with(*twice) == [lines[1]]
