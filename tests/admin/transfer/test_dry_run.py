"""The dry run of an import: what it shows, what it refuses, and at what cost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from countjobs.admin.transfer import shown
from countjobs.admin.transfer.permitted import scope_of_kind
from countjobs.models import CountJob
from countjobs.transfer import dry_run as dry_runs
from tests.support.factories import NOON, make_definition
from tests.support.transfers import (
    document,
    entry,
    exported,
    model_admin_of,
    names,
    problems,
    request_of_somebody,
    rows,
    sent,
)

pytestmark = pytest.mark.django_db


def test_the_dry_run_shows_what_would_be_added_changed_and_left_and_saves_nothing(
    client: Client,
) -> None:
    CountJob.objects.create(name="old", hour="5")
    CountJob.objects.create(name="same")
    text = document(entry("old", hour="6"), entry("same", hour="*"), entry("new", second="*/5"))
    page = sent(client, text)
    assert rows(page) == [
        '1 old hour "5" "6"',
        '3 new second "0" "*/5"',
        "2 same",
    ]
    assert "Import 2 definitions" in page
    assert names() == ["old", "same"]
    assert CountJob.objects.get(name="old").hour == "5"
    assert not LogEntry.objects.exists()


def test_what_was_exported_is_imported_as_unchanged(client: Client) -> None:
    one = make_definition("a", messages={"z": "1", "a": "2"}, start_date=NOON, day_of_week="0-4")
    page = sent(client, exported(client, [one]))
    assert rows(page) == ["1 a"]
    assert "There is nothing to import" in page


def test_the_order_of_messages_is_a_change_and_the_writing_of_an_expression_is_none(
    client: Client,
) -> None:
    CountJob.objects.create(name="a", messages={"z": "1", "a": "2"}, day_of_week="mon-fri")
    text = document(entry(day_of_week="0-4", messages={"a": "2", "z": "1"}))
    assert rows(sent(client, text)) == ['1 a messages {"z": "1", "a": "2"} {"a": "2", "z": "1"}']


def test_a_date_may_have_any_offset(client: Client) -> None:
    make_definition("a", end_date=datetime.fromisoformat("2090-01-01T00:00:00+00:00"))
    same = document(entry(end_date="2090-01-01T09:00:00+09:00"))
    assert rows(sent(client, same)) == ["1 a"]
    later = document(entry(end_date="2090-01-01T09:00:00Z"))
    [row] = rows(sent(client, later))
    assert row.endswith('"2090-01-01T00:00:00+00:00" "2090-01-01T09:00:00+00:00"')


def test_an_unchanged_definition_that_has_ended_is_not_refused(client: Client) -> None:
    definition = CountJob.objects.create(name="a")
    past = timezone.now() - timedelta(days=1)
    CountJob.objects.update(end_date=past)
    assert rows(sent(client, exported(client, [definition]))) == ["1 a"]
    [row] = rows(sent(client, document(entry("b", end_date=past.isoformat()))))
    assert row.startswith("1 b end_date This schedule has no more runs.")


def test_a_dry_run_takes_as_many_queries_for_sixty_entries_as_for_three(client: Client) -> None:
    CountJob.objects.bulk_create(CountJob(name=f"n{n}") for n in range(0, 60, 2))
    sent(client, document(entry()))

    def queries(count: int) -> int:
        text = document(*(entry(f"n{n}", hour="5") for n in range(count)))
        with CaptureQueriesContext(connection) as captured:
            assert len(rows(sent(client, text))) >= count
        return len(captured)

    assert queries(3) == queries(20) == queries(60)


def test_only_so_many_entries_are_listed_and_the_others_counted(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "MOST_LISTED", 3)
    page = sent(client, document(*(entry(f"n{n}", hour="25") for n in range(5))))
    assert len(rows(page)) == 3
    assert "And 2 more, not listed" in page


def test_long_values_are_shown_from_where_they_begin_to_differ(client: Client) -> None:
    CountJob.objects.create(name="a", description="x" * 5_000)
    [row] = rows(sent(client, document(entry(description="x" * 4_000 + "y"))))
    assert 'y"' in row
    assert row.count("…") >= 3
    assert len(row) < 1_500


def test_what_a_kinds_form_does_not_offer_can_not_be_imported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model_admin, request = model_admin_of(CountJob), request_of_somebody()
    monkeypatch.setattr(model_admin, "readonly_fields", ("executor",))
    plan = dry_runs.dry_run(
        scope_of_kind(model_admin, request), document(entry(executor="x", hour="5"))
    )
    assert problems(plan) == [("executor", "There is no such field.")]


def test_a_definition_that_a_person_may_not_see_is_refused_by_name() -> None:
    CountJob.objects.create(name="hidden")
    model_admin, request = model_admin_of(CountJob), request_of_somebody()
    model_admin.get_queryset = lambda request: CountJob.objects.none()  # type: ignore[method-assign]
    plan = dry_runs.dry_run(
        scope_of_kind(model_admin, request), document(entry("hidden", hour="5"))
    )
    assert [field for field, _message in problems(plan)] == ["name"]


def test_whatever_a_kinds_own_validation_raises_is_a_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(self: CountJob) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(CountJob, "clean", explode, raising=False)
    assert rows(sent(client, document(entry()))) == ["1 a RuntimeError: boom"]
