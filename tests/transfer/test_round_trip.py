"""Whatever definitions there are: exported and imported elsewhere, they are the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from countjobs.models import CountJob
from countjobs.text import visible
from countjobs.transfer.dry_run import dry_run
from countjobs.transfer.entries import State
from countjobs.transfer.saving import Order, apply
from countjobs.transfer.written_files import written
from countjobs.triggers.upcoming import upcoming
from tests.support.factories import NOON
from tests.support.strategies import expressions
from tests.support.transfers import plan_of, scope_of

letters = st.characters(codec="utf-8", exclude_characters="\0")
names = st.text(letters, min_size=1, max_size=30).filter(lambda name: visible(name) == name)
"""Others are refused for new definitions."""
moments = st.datetimes(datetime(2027, 1, 1), datetime(2030, 1, 1), timezones=st.timezones())


@st.composite
def definitions(draw: st.DrawFn) -> CountJob:
    """A valid one."""
    start = draw(st.none() | moments)
    end = draw(st.none() | st.just((start or NOON) + timedelta(days=4_000)))
    definition = CountJob(
        name=draw(names),
        description=draw(st.text(letters, max_size=30)),
        enabled=draw(st.booleans()),
        hour=draw(expressions("hour")),
        minute=draw(expressions("minute")),
        second=draw(expressions("second")),
        day_of_week=draw(st.sampled_from(["*", "0-4", "sat,sun"])),
        timezone=draw(st.sampled_from(["UTC", "Asia/Tokyo", "America/New_York"])),
        start_date=start,
        end_date=end,
        jitter=draw(st.integers(0, 3_600)),
        misfire_grace_time=draw(st.none() | st.integers(1, 1_000)),
        coalesce=draw(st.booleans()),
        max_instances=draw(st.integers(1, 1_000)),
        overlap=draw(st.sampled_from(["skip", "wait"])),
        executor=draw(st.sampled_from(["default", "processes"])),
        time_limit=draw(st.none() | st.integers(1, 100_000)),
        retries=draw(st.integers(0, 100)),
        retry_delay=draw(st.integers(1, 100_000)),
        retry_backoff=draw(st.decimals(1, 10, places=2)),
        rerun_if_lost=draw(st.booleans()),
        pause_after=draw(st.none() | st.integers(1, 1_000)),
        most_silence=draw(st.none() | st.integers(1, 100_000)),
        keep_days=draw(st.none() | st.integers(1, 36_500)),
        messages=draw(st.dictionaries(st.text(letters), st.text(letters), max_size=4)),
        count=draw(st.integers(0, 1_000_000)),
    )
    definition.full_clean(validate_unique=False, validate_constraints=False)
    return definition


def values(definition: CountJob) -> dict[str, Any]:
    found = {field.name: getattr(definition, field.name) for field in definition._meta.fields}
    return {**found, "id": None, "messages": list(definition.messages.items())}


def fires(definition: CountJob) -> list[datetime]:
    return list(upcoming(definition.trigger(), datetime(2027, 1, 1, tzinfo=UTC), 5))


def by_name() -> list[CountJob]:
    return list(CountJob._base_manager.order_by("name"))


steadily = settings(derandomize=True, max_examples=25, deadline=None, database=None)


class RoundTrip(TestCase):
    """On a database that is empty before each example."""

    @given(
        made=st.lists(definitions(), min_size=1, max_size=3, unique_by=lambda each: each.name),
    )
    @steadily
    def test_what_is_exported_and_imported_elsewhere_is_the_same_and_fires_at_the_same_times(
        self, made: list[CountJob]
    ) -> None:
        scope = scope_of()
        fields = scope.kinds["countjobs.countjob"].fields
        CountJob.objects.bulk_create(made)
        before = by_name()
        text = "".join(written([(before, fields)]))
        CountJob.objects.all().delete()
        apply(scope, Order(text, dry_run(scope, text).digest()), leave_out=False)
        after = by_name()
        assert [values(each) for each in after] == [values(each) for each in before]
        assert [fires(each) for each in after] == [fires(each) for each in before]
        assert "".join(written([(after, fields)])) == text
        assert not dry_run(scope, text).to_save

    json_values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
    keys = st.sampled_from([*(field.name for field in CountJob._meta.fields), "model", "x"])

    @given(st.lists(json_values | st.dictionaries(keys, json_values), max_size=3))
    @settings(steadily, max_examples=100)
    def test_no_file_is_an_error_of_ours(self, entries: list[Any]) -> None:
        document = {"format": "countjobs", "version": 1, "definitions": entries}
        try:
            plan = plan_of(json.dumps(document))
        except ValidationError:
            return
        assert all(each.problems or each.state is not State.REFUSED for each in plan.entries)
        assert len(plan.entries) == len(entries)
