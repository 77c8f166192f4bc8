"""The rules of definitions in files: what takes too long, fails or overlaps."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from countjobs.models import CountJob
from countjobs.transfer.format import value_of
from tests.support.transfers import confirmed, document, entry, exported, names, rows, sent

pytestmark = pytest.mark.django_db

RULES: dict[str, Any] = {
    "executor": "processes",
    "overlap": "replace",
    "time_limit": 90,
    "retries": 3,
    "retry_delay": 10,
    "retry_backoff": "1.5",
    "pause_after": 5,
    "most_silence": 3_600,
    "keep_days": 400,
}


def test_the_rules_travel(client: Client) -> None:
    confirmed(client, sent(client, document(entry(**RULES))))
    definition = CountJob.objects.get()
    saved = {name: getattr(definition, name) for name in RULES}
    assert saved == {**RULES, "retry_backoff": Decimal("1.5")}
    text = exported(client, [definition])
    assert rows(sent(client, text)) == ["1 a"]
    for name, value in RULES.items():
        assert f'"{name}": ' in text, value


def test_a_file_without_them_changes_none_of_them(client: Client) -> None:
    CountJob.objects.create(name="old", **RULES)
    page = sent(client, document(entry("old", hour="5"), entry("new")))
    assert rows(page) == ['1 old hour "*" "5"', "2 new"]
    confirmed(client, page)
    assert CountJob.objects.get(name="old").retry_backoff == Decimal("1.5")
    new = CountJob.objects.get(name="new")
    assert (new.executor, new.overlap, new.retries, new.time_limit) == ("default", "skip", 0, None)


def test_an_executor_that_is_not_named_here_is_refused_at_its_entry(
    client: Client, settings: Settings
) -> None:
    text = document(entry("a", executor="heavy"), entry("b"))
    first, second = rows(sent(client, text))
    assert first.startswith("1 a executor ")
    assert "heavy" in first
    assert second == "2 b"
    settings.COUNTJOBS = {"EXECUTORS": {"heavy": {"TYPE": "processes"}}}
    assert rows(sent(client, text))[0] == '1 a executor "default" "heavy"'


def test_threads_is_another_name_of_the_default(client: Client) -> None:
    CountJob.objects.create(name="old")
    page = sent(
        client, document(entry("old", executor="threads"), entry("new", executor="threads"))
    )
    assert rows(page) == ["2 new", "1 old"]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"overlap": "replace"}, "overlap This executor can't stop a run."),
        ({"overlap": "hurry"}, "overlap Value 'hurry' is not a valid choice."),
        ({"time_limit": 0}, "time_limit Ensure this value is greater"),
        ({"time_limit": "5"}, "time_limit This must be a whole number"),
        ({"retries": 101}, "retries Ensure this value is less"),
        ({"retries": None}, "retries This field cannot be null."),
        ({"retry_backoff": 1.5}, "retry_backoff This must be text"),
        ({"retry_backoff": "0.5"}, "retry_backoff Ensure this value is greater"),
        ({"retry_backoff": "1.234"}, "retry_backoff Ensure that there are no more than"),
        ({"retry_backoff": "NaN"}, "retry_backoff"),
        ({"retry_backoff": "sNaN"}, "retry_backoff"),
        ({"retry_backoff": "1e999999999"}, "retry_backoff Ensure"),
        ({"retry_backoff": "1e-999999999"}, "retry_backoff Ensure"),
        ({"retry_backoff": "x"}, "retry_backoff “x” value must be a decimal number."),
        ({"pause_after": 0}, "pause_after Ensure this value is greater"),
        ({"most_silence": 10**30}, "most_silence Ensure this value is less"),
        ({"keep_days": 0}, "keep_days Ensure this value is greater"),
        ({"keep_days": 36_501}, "keep_days Ensure this value is less"),
        ({"keep_days": 1.5}, "keep_days"),
    ],
)
def test_a_bad_value_is_refused_at_its_field(
    client: Client, values: dict[str, Any], told: str
) -> None:
    CountJob.objects.create(name="old")
    for name in ("new", "old"):
        found = rows(sent(client, document(entry(name, **values))))
        assert found[0].startswith(f"1 {name} {told}"), found
    assert names() == ["old"]


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("2", "2"),
        ("2.00", "2"),
        ("1.50", "1.5"),
        ("10", "10"),
        ("1E+1", "10"),
        ("0.00", "0"),
        ("NaN", "NaN"),
        ("1E+999999999", "1E+999999999"),
    ],
)
def test_equal_decimals_are_the_same_text(number: str, text: str) -> None:
    field: Any = CountJob._meta.get_field("retry_backoff")
    assert value_of(field, CountJob(retry_backoff=Decimal(number))) == text
