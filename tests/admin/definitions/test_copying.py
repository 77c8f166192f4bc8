"""Definitions duplicated from the list."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django_apscheduler.models import DjangoJob

from countjobs.admin.definitions import copying
from countjobs.admin.definitions.copying import free_name
from countjobs.models import CountJob, JobWatch
from tests.support.admin_pages import LIST, said
from tests.support.definition_form import form_values
from tests.support.people import client_of
from tests.support.watches import pause_itself


def duplicate(client: Client, *definitions: CountJob) -> list[str]:
    """What is said."""
    keys = [definition.pk for definition in definitions]
    return said(client.post(LIST, {"action": "duplicate", "_selected_action": keys}))


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("a", [], "a (copy)"),
        ("a", ["a (copy)"], "a (copy 2)"),
        ("a", ["a (copy)", "a (copy 2)"], "a (copy 3)"),
        ("a (copy)", ["a (copy)"], "a (copy 2)"),
        ("a (copy 7)", [], "a (copy)"),
        ("a (copied)", [], "a (copied) (copy)"),
        ("x" * 20, [], "x" * 13 + " (copy)"),
        ("x" * 20, ["x" * 13 + " (copy)"], "x" * 11 + " (copy 2)"),
        ("x" * 12 + " " * 8, [], "x" * 12 + " (copy)"),
    ],
)
def test_a_copy_has_the_first_name_that_is_free_and_fits(
    name: str, taken: list[str], expected: str
) -> None:
    assert free_name(name, taken, 20) == expected


def test_a_copy_has_the_same_rules_and_has_not_paused_itself(client: Client) -> None:
    rules: dict[str, Any] = {"time_limit": 90, "retries": 3, "retry_delay": 10, "overlap": "wait"}
    limits: dict[str, Any] = {
        "pause_after": 5,
        "most_silence": 60,
        "keep_days": 9,
        "executor": "processes",
    }
    original = CountJob.objects.create(name="a", retry_backoff="1.5", **rules, **limits)
    pause_itself(original)
    duplicate(client, original)
    copied = CountJob.objects.get(name="a (copy)")
    same = {name: getattr(copied, name) for name in {**rules, **limits}}
    assert same == {**rules, **limits}
    assert copied.retry_backoff == Decimal("1.5")
    assert not JobWatch.objects.filter(job_id=copied.job_id).exists()


def test_a_copy_is_named_in_the_language_of_who_makes_it() -> None:
    with translation.override("ja"):
        assert free_name("a", [], 20).startswith("a (")


def test_a_copy_is_the_same_but_for_its_name_and_not_enabled(client: Client) -> None:
    original = CountJob.objects.create(name="a", hour="5", messages={"z": "1", "a": "2"}, count=7)
    [text] = duplicate(client, original)
    copied = CountJob.objects.get(name="a (copy)")
    assert (copied.hour, copied.count, list(copied.messages)) == ("5", 7, ["z", "a"])
    assert not copied.enabled
    assert DjangoJob.objects.get(id=copied.job_id).next_run_time is None
    original.refresh_from_db()
    assert (original.name, original.enabled) == ("a", True)
    url = reverse("admin:countjobs_countjob_change", args=[copied.pk])
    assert text == f'A duplicate was made (not enabled): <a href="{url}">a (copy)</a>'
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.action_flag) == (str(copied.pk), ADDITION)


def test_copies_of_many_and_of_copies_all_have_names_of_their_own(client: Client) -> None:
    long = "<b>" + "ü" * 197
    made = [CountJob.objects.create(name=name) for name in ("a", "a (copy)", long, long[:-1])]
    [text] = duplicate(client, *made)
    assert "4 duplicates were made" in text
    assert "<b>" not in text
    names = set(CountJob.objects.values_list("name", flat=True))
    assert names >= {"a (copy 2)", "a (copy 3)", f"{long[:193]} (copy)", f"{long[:191]} (copy 2)"}


def test_twelve_copies_are_ten_links_and_how_many_more(client: Client) -> None:
    [text] = duplicate(client, *(CountJob.objects.create(name=f"n{n}") for n in range(12)))
    assert text.count("<a ") == 10
    assert text.endswith("and 2 more")


def test_too_many_at_once_are_refused(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "MOST", 1)
    both = [CountJob.objects.create(name=name) for name in "ab"]
    assert duplicate(client, *both) == ["At most 1 definitions can be duplicated at once."]
    assert CountJob.objects.count() == 2


def test_a_copy_that_can_not_be_is_no_error_of_the_page_and_leaves_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = [CountJob.objects.create(name=name) for name in "ab"]
    save = CountJob.save

    def refuse(self: CountJob, **kwargs: object) -> None:
        if self.name.startswith("b"):
            raise IntegrityError
        save(self, **kwargs)

    monkeypatch.setattr(CountJob, "save", refuse)
    assert "Nothing was duplicated" in duplicate(client, *both)[0]
    assert CountJob.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("is_gone", [False, True])
def test_a_copy_by_who_may_not_resume_it_stays_paused(is_gone: bool) -> None:
    paused = CountJob.objects.create(name="paused", enabled=False)
    if is_gone:
        CountJob.objects.filter(pk=paused.pk).delete()
    values = form_values({"name": "copied", "_saveasnew": "1"})
    values.pop("enabled", None)
    client_of("writer").post(f"{LIST}{paused.pk}/change/", values)
    assert not CountJob.objects.get(name="copied").enabled
