"""A definition that its own run saves: what the kind adds is written, and no more.

Issue 8, line 10: it was written as it had been claimed, so that it undid what people had changed
meanwhile, and kept what was meant for one run.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.db import DatabaseError, connection, models
from django.db.models.signals import post_save
from django.test.utils import isolate_apps

from countjobs.executors.here import run_here
from countjobs.jobstores.restoring import Taken
from countjobs.jobstores.rows import run_definition
from countjobs.models import CountJob, Execution, JobDefinition
from tests.app.models import Label, Team, TeamJob

pytestmark = pytest.mark.django_db


def taken(definition: JobDefinition) -> Taken:
    """As a claim restores it: with an object of its own."""
    (own,) = type(definition)._base_manager.filter(pk=definition.pk)
    return Taken(cast("Any", None), cast("Any", None), own)


def in_run(definition: JobDefinition, **parameters: Any) -> Any:
    """The object that a run has."""
    return taken(definition).call(parameters).__self__  # type: ignore[attr-defined]  # a method


@pytest.fixture
def job() -> CountJob:
    return CountJob.objects.create(name="job", count=1, messages={"a": "b"}, hour="3")


def edited(job: CountJob) -> dict[str, Any]:
    """Change, as people do, all that a run must not put back. Returns its fields."""
    CountJob.objects.filter(pk=job.pk).update(
        name="renamed", enabled=False, hour="5", description="why", timezone="Asia/Tokyo"
    )
    return fields(job)


def fields(job: JobDefinition) -> dict[str, Any]:
    return dict(type(job)._base_manager.values().get(pk=job.pk))


def test_a_save_in_a_run_writes_what_the_kind_adds(job: CountJob) -> None:
    own = in_run(job)
    before = edited(job)
    own.count += 6
    own.hour = "9"
    own.save()
    assert fields(job) == {**before, "count": 7}
    assert (own.hour, own.count) == ("9", 7)


def test_what_a_run_overrides_is_not_stored(job: CountJob) -> None:
    own = in_run(job, count=100)
    own.messages = {"c": "d"}
    own.save()
    assert own.count == 100
    own.count += 1
    own.save()
    assert fields(job)["count"] == 1
    assert fields(job)["messages"] == {"c": "d"}
    assert own.count == 101


def test_update_fields_names_more(job: CountJob) -> None:
    own = in_run(job, count=100)
    before = edited(job)
    own.hour = "9"
    own.save(update_fields=["hour", "count"])
    assert fields(job) == {**before, "hour": "9", "count": 100}


def test_update_fields_names_less(job: CountJob) -> None:
    own = in_run(job)
    own.count, own.messages = 7, {}
    own.save(update_fields=["messages"])
    assert (fields(job)["count"], fields(job)["messages"]) == (1, {})
    own.save(update_fields=[])
    assert fields(job)["count"] == 1


def test_asave_does_the_same(job: CountJob) -> None:
    own = in_run(job, count=100)
    before = edited(job)
    own.messages = {}
    async_to_sync(own.asave)()
    assert fields(job) == {**before, "messages": {}}


def test_a_run_may_pause_its_own_definition(job: CountJob) -> None:
    own = in_run(job)
    own.enabled = False
    own.save()
    assert fields(job)["enabled"]
    own.save(update_fields=["enabled"])
    assert not fields(job)["enabled"]
    type(own).objects.filter(pk=own.pk).update(enabled=True)
    assert fields(job)["enabled"]


def test_a_save_after_a_refresh_is_no_other(job: CountJob) -> None:
    own = in_run(job, count=100)
    edited(job)
    own.refresh_from_db()
    assert (own.name, own.count) == ("renamed", 1)
    CountJob.objects.filter(pk=job.pk).update(name="again")
    own.messages = {}
    own.save()
    assert (fields(job)["name"], fields(job)["messages"]) == ("again", {})


def test_a_definition_that_was_deleted_meanwhile_does_not_come_back(job: CountJob) -> None:
    own = in_run(job)
    CountJob.objects.filter(pk=job.pk).delete()
    with pytest.raises(DatabaseError, match="did not affect any rows"):
        own.save()
    assert not CountJob.objects.exists()


def _without_key(own: Any) -> None:
    own.pk = None
    own.save()


def _as_new(own: Any) -> None:
    own.pk, own._state.adding = None, True
    own.save()


def _forced(own: Any) -> None:
    own.pk = own.pk + 1
    own.save(force_insert=True)


@pytest.mark.parametrize("copy", [_without_key, _as_new, _forced])
def test_a_run_may_make_a_copy(job: CountJob, copy: Callable[[Any], None]) -> None:
    own = in_run(job)
    own.name, own.count = "copy", 5
    copy(own)
    assert list(CountJob._base_manager.order_by("pk").values_list("name", "count", "hour")) == [
        ("job", 1, "3"),
        ("copy", 5, "3"),
    ]


def test_a_run_may_make_a_copy_with_a_key_of_its_choice() -> None:
    label = Label.objects.create(slug="one", name="one", hour="3")
    own = in_run(label)
    own.slug, own.name = "two", "two"
    own.save()
    assert set(Label.objects.values_list("slug", "name", "hour")) == {
        ("one", "one", "3"),
        ("two", "two", "3"),
    }


def test_relations_of_the_kind_are_written() -> None:
    one, other = Team.objects.create(), Team.objects.create()
    team_job = TeamJob.objects.create(name="job", team=one)
    own = in_run(team_job)
    own.team = other
    own.save()
    assert fields(team_job)["team_id"] == other.pk


def test_what_was_not_loaded_is_not_written(job: CountJob) -> None:
    own: Any = CountJob._base_manager.defer("messages").get(pk=job.pk)
    own.hand_to_run()
    own.count = 7
    CountJob._base_manager.filter(pk=job.pk).update(messages={"c": "d"})
    own.save()
    assert (fields(job)["count"], fields(job)["messages"]) == (7, {"c": "d"})


def test_copies_in_memory_know_it_too(job: CountJob) -> None:
    own = deepcopy(in_run(job, count=100))
    before = edited(job)
    own.save()
    assert fields(job) == before


def test_each_run_of_a_catch_up_knows_it(job: CountJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def count_up(self: CountJob) -> None:
        self.count += 1
        self.save()

    monkeypatch.setattr(CountJob, "run", count_up)
    calls = taken(job).calls(2)
    before = edited(job)
    for call in calls:
        call()
    assert fields(job) == {**before, "count": 2}  # each began with what was claimed


@pytest.mark.parametrize(
    "run",
    [
        lambda job: run_here(job, requested_by=""),
        lambda job: run_definition("countjobs.countjob", str(job.pk)),
    ],
)
def test_so_does_a_run_here(
    job: CountJob, monkeypatch: pytest.MonkeyPatch, run: Callable[[CountJob], object]
) -> None:
    def edit_and_save(self: CountJob) -> None:
        edited(self)
        self.count = 7
        self.save()

    monkeypatch.setattr(CountJob, "run", edit_and_save)
    run(job)
    assert (fields(job)["name"], fields(job)["count"]) == ("renamed", 7)
    assert not Execution.objects.exclude(status="succeeded").exists()


def test_signals_tell_which_fields_were_written(job: CountJob) -> None:
    told: list[Any] = []

    def listen(update_fields: Any, **_: Any) -> None:
        told.append(update_fields)

    post_save.connect(listen, sender=CountJob)
    try:
        in_run(job).save()
    finally:
        post_save.disconnect(listen, sender=CountJob)
    assert told == [frozenset({"count", "messages"})]


def test_outside_of_a_run_all_is_written(job: CountJob) -> None:
    edited(job)
    job.save()
    assert fields(job)["name"] == "job"


@isolate_apps("tests.app")
def test_only_columns_that_can_be_written_are() -> None:
    class Plain(JobDefinition):
        class Meta(JobDefinition.Meta):
            app_label = "app"

    class Rich(JobDefinition):
        changed = models.DateTimeField(auto_now=True)
        teams = models.ManyToManyField(Team)
        team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="+")
        double = models.GeneratedField(
            expression=models.F("jitter") * 2,
            output_field=models.IntegerField(),
            db_persist=connection.features.supports_stored_generated_columns,
        )

        class Meta(JobDefinition.Meta):
            app_label = "app"

    class Proxy(Rich):
        class Meta:
            app_label = "app"
            proxy = True

    assert Plain()._fields_to_save(frozenset()) == []
    assert Rich()._fields_to_save(frozenset()) == ["changed", "team"]
    assert Proxy()._fields_to_save(frozenset({"team"})) == ["changed"]


def test_a_kind_that_adds_nothing_writes_nothing(
    job: CountJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = in_run(job, count=2, messages={})
    before = edited(job)
    own.save()
    assert fields(job) == before
