"""System checks, by their stable ids."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.apps import apps
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from pytest_django import Settings

from countjobs.models import CountJob, JobDefinition
from tests.support.paths import ROOT

# Django's own check of JSON fields asks the database, once in a process.
pytestmark = pytest.mark.django_db


def _ids(**options: Any) -> list[str | None]:
    messages = checks.run_checks(**options)
    assert all(message.hint for message in messages), "a hint says what to do"
    return [message.id for message in messages if str(message.id).startswith("countjobs.")]


def test_the_project_passes() -> None:
    assert _ids() == []


def test_the_project_s_database_passes() -> None:
    assert _ids(databases=["default"]) == []


@pytest.mark.parametrize("value", [None, {"THREADS": 0}, {"THREADS": "many"}, {"OTHER": 1}])
def test_wrong_settings_are_found(value: object, settings: Settings) -> None:
    settings.COUNTJOBS = value
    assert _ids(tags=["countjobs"]) == ["countjobs.E001"]


def test_a_missing_django_apscheduler_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apps, "is_installed", lambda name: name != "django_apscheduler")
    with pytest.raises(ImproperlyConfigured, match="django_apscheduler"):
        apps.get_app_config("countjobs").import_models()


def test_naive_times_are_found(settings: Settings) -> None:
    settings.USE_TZ = False
    assert _ids(tags=["countjobs"]) == ["countjobs.E002"]


@pytest.mark.usefixtures("forgotten")
def test_a_definition_without_run_is_found() -> None:
    class Idle(JobDefinition):
        class Meta(JobDefinition.Meta):
            app_label = "app"

    assert _ids(tags=["countjobs"]) == ["countjobs.E005"]


@pytest.mark.usefixtures("forgotten")
def test_a_definition_that_inherits_a_table_is_found() -> None:
    class Special(CountJob):
        class Meta(CountJob.Meta):
            app_label = "app"

    assert _ids(tags=["countjobs"]) == ["countjobs.E006"]


@pytest.mark.usefixtures("forgotten")
def test_a_manager_that_bypasses_the_job_store_is_found() -> None:
    class Bypassing(JobDefinition):
        objects = models.Manager()  # type: ignore[assignment]  # that's the mistake

        class Meta(JobDefinition.Meta):
            app_label = "app"

        def run(self) -> None:
            """Do nothing."""

    assert _ids(tags=["countjobs"]) == ["countjobs.W002"]


@pytest.mark.usefixtures("forgotten")
def test_a_definition_whose_run_is_a_generator_is_found() -> None:
    """Issue 8, line 8: plain or async, it would run nothing."""

    class Yielding(JobDefinition):
        class Meta(JobDefinition.Meta):
            app_label = "app"

        def run(self) -> None:  # type: ignore[misc]  # that is what is wrong with it
            yield

    class AsyncYielding(JobDefinition):
        class Meta(JobDefinition.Meta):
            app_label = "app"

        async def run(self) -> None:  # type: ignore[misc]  # that is what is wrong with it
            yield

    class Awaited(JobDefinition):
        class Meta(JobDefinition.Meta):
            app_label = "app"

        async def run(self) -> None:
            """Do nothing."""

    found = checks.run_checks(tags=["countjobs"])
    assert [(each.id, each.obj) for each in found] == [
        ("countjobs.E009", Yielding),
        ("countjobs.E009", AsyncYielding),
    ]


@pytest.mark.usefixtures("forgotten")
def test_a_definition_without_the_permissions_of_its_own_is_found() -> None:
    class Forgetful(JobDefinition):
        class Meta:
            app_label = "app"

        def run(self) -> None:
            """Do nothing."""

    [found] = checks.run_checks(tags=["countjobs"])
    assert found.id == "countjobs.W003"
    assert found.msg == "This kind has no permission “pause” or “run”, so nobody can be given it."
    assert "class Meta(JobDefinition.Meta)" in str(found.hint)


@pytest.mark.usefixtures("forgotten")
def test_permissions_may_be_named_one_by_one() -> None:
    class Explicit(JobDefinition):
        class Meta:
            app_label = "app"
            permissions = (("run_explicit", "Can run"), ("pause_explicit", "Can pause"))

        def run(self) -> None:
            """Do nothing."""

    assert _ids(tags=["countjobs"]) == []


def test_the_docs_list_every_check() -> None:
    files = (ROOT / "countjobs").rglob("*.py")
    ids = re.compile(r"countjobs\.[EW]\d{3}")
    known = {each for file in files for each in ids.findall(file.read_text())}
    assert set(ids.findall((ROOT / "docs" / "checks.md").read_text())) == known
