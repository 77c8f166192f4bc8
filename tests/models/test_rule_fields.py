"""The rules of a definition: what each field takes, and what is told of the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.models import CountJob, ParkedJob
from countjobs.models.rules import Rules, executor_choices
from tests.support.factories import make_definition

TEN_YEARS = 10 * 366 * 86_400
REPLACE = "This executor can't stop a run. Choose processes, or another overlap."

WRONG: list[tuple[dict[str, Any], str]] = [
    *(
        ({name: value}, name)
        for name in ("time_limit", "pause_after", "most_silence", "retry_delay", "keep_days")
        for value in (0, -1, 2**31, 2**64, "many", "1.5")
    ),
    ({"time_limit": TEN_YEARS + 1}, "time_limit"),
    ({"most_silence": TEN_YEARS + 1}, "most_silence"),
    ({"retry_delay": TEN_YEARS + 1}, "retry_delay"),
    ({"retry_delay": None}, "retry_delay"),
    ({"pause_after": 1_001}, "pause_after"),
    ({"keep_days": 36_501}, "keep_days"),
    *(({"retries": value}, "retries") for value in (-1, 101, 2**40, None, "", "x")),
    *(
        ({"retry_backoff": value}, "retry_backoff")
        for value in (
            *(0, 0.99, 10.01, -2, "1.005", None, "x", "", 1e300, "1e30"),
            *("NaN", "sNaN", "Infinity", "-Infinity", float("nan"), float("inf")),
            *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("1e-9")),
        )
    ),
    *(({"overlap": value}, "overlap") for value in ("", None, "Skip", "queue", "replace")),
    ({"overlap": "replace", "executor": "threads"}, "overlap"),
    *(({"executor": value}, "executor") for value in ("", None, "gone", "Threads", "x" * 65)),
]

RIGHT: list[dict[str, Any]] = [
    {},
    {"time_limit": 1},
    {"time_limit": TEN_YEARS},
    {"time_limit": None},
    {"retries": 100, "retry_delay": 1, "retry_backoff": 1},
    {"retry_delay": TEN_YEARS, "retry_backoff": "10.00"},
    {"retry_backoff": Decimal("1.55")},
    {"retry_backoff": 1.5},
    {"pause_after": 1},
    {"pause_after": 1_000, "most_silence": TEN_YEARS},
    {"keep_days": 1},
    {"keep_days": 36_500},
    {"overlap": "wait"},
    {"overlap": "replace", "executor": "processes"},
    {"executor": "processes"},
    {"executor": "threads"},
]


def problems(**values: Any) -> dict[str, list[str]]:
    definition = CountJob(name="count", **values)
    try:
        definition.full_clean()
    except ValidationError as error:
        return error.message_dict
    return {}


@pytest.mark.django_db
@pytest.mark.parametrize(("values", "field"), WRONG, ids=str)
def test_a_wrong_value_is_told_at_its_field(values: dict[str, Any], field: str) -> None:
    assert list(problems(**values)) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize("values", RIGHT, ids=str)
def test_a_right_value_is_taken_saved_and_read_again(values: dict[str, Any]) -> None:
    definition = CountJob(name="count", **values)
    definition.full_clean()
    definition.save()
    definition.refresh_from_db()
    assert definition.problems() == []
    for name, value in values.items():
        expected = "default" if value == "threads" else value
        assert getattr(definition, name) == (
            Decimal(str(expected)) if name == "retry_backoff" else expected
        )
    assert not ParkedJob.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"time_limit": 0},
        {"pause_after": 1_001},
        {"keep_days": 0},
        {"retries": 101},
        {"retry_delay": 0},
        {"retry_backoff": "0.50"},
        {"overlap": "queue"},
        {"overlap": "replace"},
        {"executor": "gone"},
    ],
    ids=str,
)
@pytest.mark.parametrize("way", ["create", "update"])
def test_what_nobody_validated_breaks_the_job_and_says_why(
    values: dict[str, Any], way: str
) -> None:
    if way == "create":
        definition = CountJob.objects.create(name="count", **values)
    else:
        definition = make_definition()
        CountJob.objects.update(**values)
    (parked,) = ParkedJob.objects.all()
    assert parked.job_id == definition.job_id
    assert parked.error.startswith(f"{next(iter(values))}: ")
    assert DjangoJob.objects.get().next_run_time is None
    whole = CountJob(name="whole")
    CountJob.objects.update(**{name: getattr(whole, name) for name in values})
    assert not ParkedJob.objects.exists()


@pytest.mark.django_db
def test_an_overlap_that_the_executor_can_not_do_says_what_to_do() -> None:
    assert problems(overlap="replace") == {"overlap": [REPLACE]}
    assert problems(overlap="replace", executor="gone")["overlap"] == [REPLACE]


@pytest.mark.django_db
def test_executors_that_the_settings_name_can_be_chosen(settings: Settings) -> None:
    settings.COUNTJOBS = {
        "EXECUTORS": {"heavy": {"TYPE": "processes"}, "io": {"TYPE": "threads", "THREADS": 3}}
    }
    assert [name for name, _label in executor_choices()] == ["default", "processes", "heavy", "io"]
    assert problems(executor="heavy", overlap="replace") == {}
    assert problems(executor="io") == {}
    assert problems(executor="io", overlap="replace") == {"overlap": [REPLACE]}
    CountJob.objects.create(name="kept", executor="heavy")
    settings.COUNTJOBS = {}
    assert list(problems(executor="heavy")) == ["executor"]


@pytest.mark.django_db
def test_threads_is_another_name_of_the_default_executor() -> None:
    definition = CountJob(name="count", executor="threads")
    definition.full_clean()
    assert definition.executor == "default"
    unvalidated = CountJob.objects.create(name="other", executor="threads")
    assert not ParkedJob.objects.exists()
    assert unvalidated.problems() == []


@pytest.mark.django_db
def test_rows_of_an_earlier_version_have_the_defaults() -> None:
    """It writes rows without the new columns, while both versions run."""
    definition = make_definition()
    columns = ("overlap", "retries", "retry_delay", "retry_backoff")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM countjobs_countjob")
        assert cursor.description is not None
        names = [each[0] for each in cursor.description if each[0] not in (*columns, "id", "name")]
        listed = ", ".join(f'"{name}"' for name in names)
        cursor.execute(
            f"INSERT INTO countjobs_countjob (name, {listed})"
            f" SELECT 'old', {listed} FROM countjobs_countjob"
        )
    old = CountJob.objects.get(name="old")
    assert [getattr(old, name) for name in columns] == [
        getattr(definition, name) for name in columns
    ]
    assert old.problems() == []


# What has its default value needs no validation


def settled(**values: Any) -> set[str]:
    return set(CountJob(name="count", **values).settled_rules())


def test_rules_with_their_default_values_are_settled_and_others_are_not() -> None:
    every = {field.name for field in Rules._meta.fields}
    assert settled() == every
    changed: dict[str, Any] = {
        "misfire_grace_time": 5,
        "coalesce": False,
        "max_instances": 2,
        "overlap": "wait",
        "executor": "processes",
        "time_limit": 0,
        "retries": 1,
        "retry_delay": 61,
        "retry_backoff": Decimal("NaN"),
        "rerun_if_lost": True,
        "pause_after": 1,
        "most_silence": 1,
        "keep_days": 1,
    }
    assert set(changed) == every
    for name, value in changed.items():
        assert settled(**{name: value}) == every - {name}
    assert settled(**changed) == set()


def test_only_rules_after_a_run_s_end_make_its_record_cost_more() -> None:
    assert not CountJob(time_limit=5, rerun_if_lost=True, most_silence=5).has_rules
    for values in ({"retries": 1}, {"pause_after": 1}, {"overlap": "wait"}, {"overlap": "replace"}):
        assert CountJob(**values).has_rules
