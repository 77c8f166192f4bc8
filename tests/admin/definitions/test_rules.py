"""The rules of a definition in its form, and what its preview warns of about them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from countjobs.models import CountJob
from tests.support.admin_pages import ADD, change_url, words
from tests.support.definition_form import errors_shown_at, form_values, save

pytestmark = pytest.mark.django_db

PREVIEW = f"{ADD[: -len('add/')]}preview/"
GROUP = "If something goes wrong"
KEPT = "How long runs are kept"
THREADS = "be stopped from outside."


def is_folded(page: str, group: str = GROUP) -> bool:
    """Whether the group has to be opened."""
    found = re.search(rf"(<details><summary>\s*)?<h2[^>]*>{group}</h2>", page)
    assert found
    return bool(found[1])


# The form


def test_all_of_them_can_be_filled_in(client: Client) -> None:
    typed = {
        "executor": "processes",
        "overlap": "replace",
        "time_limit": "90",
        "retries": "3",
        "retry_delay": "10",
        "retry_backoff": "1.5",
        "rerun_if_lost": "on",
        "pause_after": "5",
        "most_silence": "86400",
        "keep_days": "400",
    }
    client.post(ADD, form_values(typed))
    definition = CountJob.objects.get()
    assert definition.retry_backoff == Decimal("1.5")
    saved = {name: getattr(definition, name) for name in typed}
    assert saved == {
        **{name: int(text) for name, text in typed.items() if text.isdecimal()},
        "executor": "processes",
        "overlap": "replace",
        "rerun_if_lost": True,
        "retry_backoff": Decimal("1.50"),
    }
    assert save(client, definition, count="4").time_limit == 90


def test_the_group_is_folded_while_nothing_in_it_differs_from_the_defaults(client: Client) -> None:
    assert is_folded(client.get(ADD).content.decode())
    definition = CountJob.objects.create(name="a")
    assert is_folded(client.get(change_url(definition)).content.decode())


@pytest.mark.parametrize(
    "values",
    [
        {"time_limit": 5},
        {"retries": 1},
        {"retry_delay": 5},
        {"retry_backoff": 1},
        {"rerun_if_lost": True},
        {"pause_after": 1},
        {"most_silence": 5},
    ],
)
def test_it_is_open_where_something_differs(client: Client, values: dict[str, Any]) -> None:
    definition = CountJob.objects.create(name="a", **values)
    assert not is_folded(client.get(change_url(definition)).content.decode())
    given = "&".join(f"{name}={value}" for name, value in values.items())
    assert not is_folded(client.get(f"{ADD}?{given}").content.decode())


def test_a_default_in_the_address_leaves_it_folded(client: Client) -> None:
    page = client.get(f"{ADD}?retry_backoff=2.00&retries=0&time_limit=").content.decode()
    assert is_folded(page)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_limit", "0"),
        ("time_limit", "-1"),
        ("time_limit", "99999999999"),
        ("time_limit", "soon"),
        ("retries", "-1"),
        ("retries", "101"),
        ("retries", ""),
        ("retry_delay", "0"),
        ("retry_backoff", "0.5"),
        ("retry_backoff", "10.01"),
        ("retry_backoff", "1.234"),
        ("retry_backoff", "NaN"),
        ("pause_after", "0"),
        ("pause_after", "1001"),
        ("most_silence", "0"),
        ("keep_days", "0"),
        ("keep_days", "36501"),
        ("overlap", "hurry"),
        ("overlap", "replace"),
        ("executor", "nowhere"),
    ],
)
def test_a_bad_value_has_its_error_at_its_field_in_an_open_group(
    client: Client, field: str, value: str
) -> None:
    definition = CountJob.objects.create(name="a")
    for url in (ADD, change_url(definition)):
        page = client.post(url, form_values({"name": "new", field: value})).content.decode()
        assert errors_shown_at(field, page)
        if field not in {"overlap", "executor"}:
            assert not is_folded(page, KEPT if field == "keep_days" else GROUP)
    assert CountJob.objects.count() == 1


def test_how_long_runs_are_kept_is_a_group_of_its_own(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    page = client.get(change_url(definition)).content.decode()
    assert is_folded(page, KEPT)
    definition.keep_days = 7
    definition.save()
    page = client.get(change_url(definition)).content.decode()
    assert not is_folded(page, KEPT)
    assert is_folded(page)


def test_what_the_settings_name_can_be_chosen(client: Client, settings: Settings) -> None:
    settings.COUNTJOBS = {"EXECUTORS": {"heavy": {"TYPE": "processes"}}}
    page = client.get(ADD).content.decode()
    offered = re.search(r'<select name="executor".*?</select>', page, re.DOTALL)
    assert offered
    assert words(offered[0]) == "threads processes heavy"


# The preview


def previewed(client: Client, **posted: str) -> str:
    typed = {"enabled": "on", "coalesce": "on", "timezone": "UTC", "minute": "*/10", **posted}
    return words(client.post(PREVIEW, typed).content.decode())


def test_a_time_limit_on_threads_is_warned_of(client: Client) -> None:
    assert THREADS in previewed(client, executor="default", time_limit="5")
    assert THREADS not in previewed(client, executor="default", time_limit="")
    assert THREADS not in previewed(client, executor="processes", time_limit="5")
    definition = CountJob.objects.create(name="a", time_limit=5)
    assert THREADS in words(client.get(change_url(definition)).content.decode())


def test_so_it_is_on_threads_of_another_name(client: Client, settings: Settings) -> None:
    types = {"slow": {"TYPE": "threads"}, "heavy": {"TYPE": "processes"}}
    settings.COUNTJOBS = {"EXECUTORS": types}
    assert THREADS in previewed(client, executor="slow", time_limit="5")
    assert THREADS not in previewed(client, executor="heavy", time_limit="5")


def test_retries_that_a_later_run_would_end_are_warned_of(client: Client) -> None:
    said = previewed(client, retries="3", retry_delay="120", retry_backoff="2")
    assert "The 3 retries take 14 min 0 s or more" in said
    assert "the next run may be due after 10 min 0 s" in said
    assert "The retry comes 15 min 0 s after" in previewed(client, retries="1", retry_delay="900")
    fitting: list[dict[str, str]] = [
        {"retries": "3", "retry_delay": "120", "retry_backoff": "1"},
        {"retries": "0", "retry_delay": "900"},
        {"retries": "3", "retry_delay": "120", "coalesce": ""},
        {"retries": "1", "retry_delay": "900", "minute": "", "year": "2999"},
    ]
    for typed in fitting:
        assert "retr" not in previewed(client, **typed), typed


def test_a_delay_that_the_settings_cut_is_warned_of(client: Client, settings: Settings) -> None:
    settings.COUNTJOBS = {"RETRY_DELAY_MOST": 60}
    said = previewed(client, retries="2", retry_delay="600", minute="0")
    assert "RETRY_DELAY_MOST allows a delay of 1 min 0 s" in said
    assert "or more" not in said
    assert "RETRY_DELAY_MOST" not in previewed(client, retries="2", retry_delay="60")


@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 400, "NaN", "\0", "1e999999999"])
@pytest.mark.parametrize("field", ["time_limit", "retries", "retry_delay", "retry_backoff"])
def test_a_rule_that_makes_no_sense_leaves_the_preview_as_it_is(
    client: Client, field: str, value: str
) -> None:
    said = previewed(client, **{field: value})
    assert "every 10 minutes" in said
    assert "Warning" not in said


def test_what_raw_sql_put_into_the_rules_does_not_break_the_page(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    CountJob.objects.update(retries=32_767, retry_delay=2**31 - 1, retry_backoff="99.99")
    assert client.get(change_url(definition)).status_code == 200


def test_an_executor_that_nobody_named_does_so_too(client: Client) -> None:
    assert "Warning" not in previewed(client, executor="nowhere", time_limit="")
