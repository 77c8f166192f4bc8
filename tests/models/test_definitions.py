"""Definitions: what is stored of them, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models

from countjobs.models import CountJob, JobDefinition
from countjobs.models.kinds import concrete_definitions, senders
from countjobs.triggers import CRON_DEFAULTS
from tests.app.models import Greeting

NOW = datetime(2026, 11, 22, 10, 0, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def _codes(definition: JobDefinition) -> dict[str, list[str | None]]:
    try:
        definition.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        return {name: [e.code for e in errors] for name, errors in error.error_dict.items()}
    return {}


def test_the_defaults_fire_at_every_minute_s_beginning() -> None:
    job = CountJob(name="job")
    assert job.cron == CRON_DEFAULTS
    assert job.next_fire_time(NOW) == NOW.replace(second=0) + timedelta(minutes=1)
    assert _codes(job) == {}


def test_a_schedule_that_never_runs_is_told_beside_what_else_is_wrong() -> None:
    assert _codes(CountJob(name="", month="2", day="31")) == {
        "name": ["blank"],
        "__all__": ["never"],
    }


def test_a_schedule_with_a_wrong_field_is_not_told_that_it_never_runs() -> None:
    job = CountJob(name="job", month="2", day="31", hour="25")
    assert _codes(job) == {"hour": ["cron"]}


LANGUAGE = [
    {"second": "*/5"},
    {"minute": "0-30/10,45"},
    {"hour": "9-17", "day_of_week": "mon-fri"},
    {"day": "last"},
    {"day": "2nd mon"},
    {"day": "last fri,1"},
    {"month": "jan-mar,oct"},
    {"week": "1-53/2"},
    {"year": "2026-2030"},
    {"day_of_week": "0,6"},
    {"month": "2", "day": "29"},
]


@pytest.mark.django_db
@pytest.mark.parametrize("fields", LANGUAGE, ids=str)
def test_all_of_apscheduler_s_language_is_taken(fields: dict[str, str]) -> None:
    job = CountJob(name="job", **fields)
    assert _codes(job) == {}
    job.save()
    loaded = CountJob.objects.get()
    fire = loaded.next_fire_time(NOW)
    assert fire is not None
    assert fire > NOW
    assert loaded.problems() == []


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["save", "bulk_create", "update", "bulk_update"])
def test_expressions_are_stored_in_their_normal_form_whoever_writes_them(way: str) -> None:
    """Promise 15: weekday numbers become names."""
    given = {"day_of_week": "0-4", "hour": " 08 ", "minute": "", "day": "2ND MON"}
    if way == "save":
        CountJob(name="job", **given).save()
    elif way == "bulk_create":
        CountJob.objects.bulk_create([CountJob(name="job", **given)])
    else:
        job = CountJob.objects.create(name="job")
        for name, value in given.items():
            setattr(job, name, value)
        if way == "update":
            CountJob.objects.update(**given)
        else:
            CountJob.objects.bulk_update([job], list(given))
    stored = CountJob.objects.values("day_of_week", "hour", "minute", "day").get()
    assert stored == {"day_of_week": "mon-fri", "hour": "8", "minute": "*", "day": "2nd mon"}


@pytest.mark.django_db
def test_a_saved_instance_shows_what_was_stored() -> None:
    job = CountJob.objects.create(name="job", day_of_week="0", hour=5)
    assert (job.day_of_week, job.hour) == ("mon", "5")


@pytest.mark.django_db
def test_an_expression_of_the_database_is_left_to_it() -> None:
    CountJob.objects.create(name="job", hour="5")
    CountJob.objects.update(minute=models.F("hour"))
    assert CountJob.objects.get().minute == "5"


@pytest.mark.django_db
def test_an_expression_without_a_normal_form_is_kept_as_it_is() -> None:
    CountJob.objects.create(name="job", hour="99 LUFTBALLONS")
    assert CountJob.objects.get().hour == "99 LUFTBALLONS"


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"hour": "24"}, {"hour": ["cron"]}),
        ({"hour": "24", "minute": "60"}, {"hour": ["cron"], "minute": ["cron"]}),
        ({"month": "2", "day": "31"}, {"__all__": ["never"]}),
        ({"year": "2020"}, {"__all__": ["ended"]}),
        ({"end_date": NOW - timedelta(days=1)}, {"end_date": ["ended"]}),
        ({"start_date": NOW, "end_date": NOW - timedelta(days=1)}, {"end_date": ["order"]}),
        ({"timezone": "Mars/Olympus"}, {"timezone": ["timezone"]}),
        ({"timezone": "America"}, {"timezone": ["timezone"]}),
        ({"timezone": "../etc/passwd"}, {"timezone": ["timezone"]}),
        ({"jitter": 3_601}, {"jitter": ["max_value"]}),
        ({"jitter": -1}, {"jitter": ["min_value"]}),
        ({"jitter": "soon"}, {"jitter": ["invalid"]}),
        ({"jitter": 2**80}, {"jitter": ["max_value", "max_value"]}),
        ({"start_date": "tomorrow"}, {"start_date": ["invalid"]}),
        ({"end_date": datetime.max.replace(tzinfo=UTC)}, {"end_date": ["moment"]}),
        ({"misfire_grace_time": 0}, {"misfire_grace_time": ["min_value"]}),
        ({"max_instances": 0}, {"max_instances": ["min_value"]}),
        ({"count": -1}, {"count": ["min_value"]}),
        ({"count": 1_000_001}, {"count": ["max_value"]}),
        ({"messages": ["one"]}, {"messages": ["messages"]}),
        ({"messages": None}, {"messages": ["null"]}),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field(fields: dict[str, Any], codes: object) -> None:
    job = CountJob(**({"name": "job"} | fields))
    found = {name: set(errors) for name, errors in _codes(job).items()}
    assert found == {name: set(errors) for name, errors in codes.items()}  # type: ignore[attr-defined]  # a dict


def test_a_schedule_that_has_ended_is_no_problem_of_one_that_is_disabled() -> None:
    assert _codes(CountJob(name="job", year="2020", enabled=False)) == {}


def test_that_a_schedule_has_ended_keeps_nothing_from_running() -> None:
    assert CountJob(name="job", year="2020").problems() == []


@pytest.mark.parametrize(
    "garbage",
    [
        {"name": None},
        {"timezone": None},
        {"timezone": 5},
        {"timezone": "x" * 10_000},
        {"timezone": "a\0b"},
        {"hour": None, "timezone": None, "jitter": None, "count": None, "enabled": None},
        {"hour": 5.5},
        {"hour": "9" * 10_000},
        {"hour": ["*"]},
        {"start_date": 0},
        {"start_date": "x", "end_date": "y"},
        {"start_date": NOW.replace(tzinfo=None)},
        {"start_date": datetime.min.replace(tzinfo=UTC), "end_date": datetime.max},
        {"jitter": float("nan")},
        {"jitter": "1e9"},
        {"jitter": 10**400},
        {"misfire_grace_time": "never"},
        {"max_instances": None},
        {"executor": None},
        {"messages": {1: 2}},
        {"messages": {"a": float("inf")}},
        {"messages": ...},
        {"count": "many"},
    ],
    ids=lambda garbage: ascii(garbage)[:50],
)
def test_the_problems_of_any_garbage_are_told_and_never_raised(garbage: dict[str, Any]) -> None:
    problems = CountJob(**({"name": "job"} | garbage)).problems()
    assert problems
    assert all(isinstance(problem, str) and problem for problem in problems)


@pytest.mark.django_db
def test_a_name_is_there_once() -> None:
    CountJob.objects.create(name="job")
    with pytest.raises(ValidationError, match="already exists"):
        CountJob(name="job").full_clean()
    with pytest.raises(IntegrityError):
        CountJob.objects.create(name="job")


@pytest.mark.django_db
def test_the_database_itself_refuses_a_count_out_of_bounds() -> None:
    with pytest.raises(IntegrityError):
        CountJob.objects.create(name="job", count=1_000_001)


@pytest.mark.django_db
def test_json_that_is_none_which_only_raw_sql_writes_is_shown_as_it_is() -> None:
    job = CountJob.objects.create(name="job")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE countjobs_countjob SET messages = '{not json'")
    job.refresh_from_db()
    assert job.messages == "{not json"
    assert job.problems()


@pytest.mark.django_db
@pytest.mark.parametrize("levels", [60, 900, 100_000])
def test_json_nested_too_deeply_which_only_raw_sql_writes_is_shown_as_text(levels: int) -> None:
    definition = CountJob.objects.create(name="a")
    text = "[" * levels + "]" * levels
    with connection.cursor() as cursor:
        cursor.execute("UPDATE countjobs_countjob SET messages = %s", [text])
    definition.refresh_from_db()
    assert definition.messages == text
    assert definition.problems()


def test_a_job_id_names_the_kind_and_the_key() -> None:
    assert CountJob(pk=42).job_id == "countjobs.countjob:42"
    assert Greeting.job_id_of("x") == "app.greeting:x"


def test_a_proxy_s_definitions_are_those_of_its_model() -> None:
    class ProxyJob(CountJob):
        class Meta:
            app_label = "app"
            proxy = True

    try:
        assert ProxyJob(pk=42).job_id == "countjobs.countjob:42"
        assert ProxyJob in senders()
        assert ProxyJob not in concrete_definitions()
    finally:
        _forget(ProxyJob)


def _forget(model: type[models.Model]) -> None:
    models_of_app = model._meta.apps.all_models[model._meta.app_label]
    del models_of_app[str(model._meta.model_name)]
    model._meta.apps.clear_cache()


def test_a_kind_without_run_says_so() -> None:
    with pytest.raises(NotImplementedError, match=r"CountJob must define run\(\)"):
        JobDefinition.run(CountJob())
