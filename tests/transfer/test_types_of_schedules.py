"""Intervals and single moments in files: the same elsewhere, and not anew each time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from countjobs.models import CountJob
from countjobs.transfer.saving import NotAppliedError
from tests.support.transfers import (
    document,
    empty_the_site,
    entry,
    everything,
    import_all,
    plan_of_all,
    problems,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 3, 4, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=5)


def test_an_interval_is_whole_seconds_and_its_grid_is_the_same_elsewhere() -> None:
    with time_machine.travel(NOW, tick=False):
        CountJob.objects.create(name="a", schedule_type="interval", every=90)
        text = everything()
        before = CountJob.objects.get().trigger().get_next_fire_time(None, LATER)
        empty_the_site()
    with time_machine.travel(NOW + timedelta(seconds=31), tick=False):
        import_all(text)
    [read] = json.loads(text)["definitions"]
    assert (read["every"], read["start_date"]) == (90, "2027-03-04T12:00:00+00:00")
    assert CountJob.objects.get().trigger().get_next_fire_time(None, LATER) == before


def test_an_interval_without_a_start_counts_from_its_import_and_not_anew_each_time() -> None:
    text = document(entry(schedule_type="interval", every=90, start_date=None))
    with time_machine.travel(NOW, tick=False):
        import_all(text)
    with time_machine.travel(LATER, tick=False):
        assert [each.state for each in import_all(text).entries] == ["unchanged"]
    assert CountJob.objects.get().start_date == NOW


def test_another_length_counts_from_the_same_start() -> None:
    with time_machine.travel(NOW, tick=False):
        import_all(document(entry(schedule_type="interval", every=90)))
    with time_machine.travel(LATER, tick=False):
        import_all(document(entry(schedule_type="interval", every=60, start_date=None)))
    definition = CountJob.objects.get()
    assert (definition.every, definition.start_date) == (60, NOW)


def test_what_becomes_an_interval_counts_from_its_import() -> None:
    CountJob.objects.create(name="a", start_date=NOW - timedelta(days=9))
    text = document(entry(schedule_type="interval", every=90, start_date=None))
    with time_machine.travel(NOW, tick=False):
        import_all(text)
        assert not import_all(text).to_save
    assert CountJob.objects.get().start_date == NOW


def test_a_moment_is_written_in_utc_and_imported_once() -> None:
    text = document(entry(schedule_type="once", run_at="2090-01-01T09:00:00+09:00"))
    import_all(text)
    assert json.loads(everything())["definitions"][0]["run_at"] == "2090-01-01T00:00:00+00:00"
    assert not import_all(text).to_save


def test_a_moment_that_has_passed_is_unchanged_where_it_is_and_refused_where_it_is_new() -> None:
    with time_machine.travel(NOW, tick=False):
        import_all(document(entry("a", schedule_type="once", run_at=LATER.isoformat())))
    with time_machine.travel(LATER + timedelta(hours=1), tick=False):
        text = everything()
        assert [each.state for each in import_all(text).entries] == ["unchanged"]
        empty_the_site()
        with pytest.raises(NotAppliedError):
            import_all(text)
        [(field, message)] = problems(plan_of_all(text))
        assert field == "run_at"
        assert message.startswith("This moment has passed.")
        import_all(text.replace('"enabled": true', '"enabled": false'))
        assert not CountJob.objects.get().enabled


def test_a_change_of_one_that_has_run_needs_a_later_moment() -> None:
    with time_machine.travel(NOW, tick=False):
        import_all(document(entry("a", schedule_type="once", run_at=LATER.isoformat())))
    with time_machine.travel(LATER + timedelta(hours=1), tick=False):
        [(field, _message)] = problems(plan_of_all(document(entry("a", count=7))))
        assert field == "run_at"
        again = (LATER + timedelta(days=1)).isoformat()
        assert plan_of_all(document(entry("a", count=7, run_at=again))).to_save
