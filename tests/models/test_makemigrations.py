"""Issue 8, line 25: the migrations of a user's kind."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.commands import makemigrations, migrate
from django.db import connection
from django.db.migrations.autodetector import MigrationAutodetector

from countjobs.models import CountJob, Execution
from countjobs.models.detecting import KindsDetector, install
from tests.app.models import Greeting
from tests.own_settings import own_settings
from tests.support.running_schedulers import read, run_to_its_end

MODELS = """
from countjobs.models import JobDefinition
from django.db import models


class Report(JobDefinition):
    title = models.CharField(max_length=9, help_text="its own help")

    def run(self):
        print(self.title)
"""
USE = """
from shop.models import Report
from django_apscheduler.models import DjangoJob
report = Report.objects.create(name="a", title="b")
assert DjangoJob.objects.get(id=report.job_id).next_run_time
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    """The name of an empty database."""
    if connection.vendor == "sqlite":
        yield str(tmp_path / "empty.sqlite3")
        return
    name = f"{connection.settings_dict['NAME']}_empty"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield name
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def project(tmp_path: Path, database: str) -> dict[str, str]:
    """A project with an app, `shop`, that has a kind and no migrations yet."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "models.py").write_text(MODELS)
    lines = f"""
        INSTALLED_APPS = [*INSTALLED_APPS, "shop"]
        DATABASES["default"]["NAME"] = {database!r}
        """
    return own_settings(tmp_path, lines)


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_kind_s_app_can_be_migrated_alone(project: dict[str, str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    run_to_its_end("makemigrations", "shop", log=log, **project)
    [migration] = (tmp_path / "shop" / "migrations").glob("0*.py")
    text = migration.read_text()
    needed = text.partition("operations")[0]
    assert "('countjobs', '0" in needed
    assert "('django_apscheduler', '0009_djangojobexecution_unique_job_executions')" in needed
    assert text.count("help_text") == 1
    assert "its own help" in text
    for word in ("choices", "validat", "verbose_name='time zone'"):
        assert word not in text

    run_to_its_end("migrate", "shop", log=log, **project)
    run_to_its_end("shell", "-c", USE, log=log, **project)
    run_to_its_end("makemigrations", "--check", log=log, **project)
    run_to_its_end("migrate", log=log, **project)
    assert "not yet reflected" not in read(log)


def changes() -> str:
    said = StringIO()
    call_command("makemigrations", "--dry-run", stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_other_words_need_no_migration(monkeypatch: pytest.MonkeyPatch) -> None:
    hour: Any = CountJob._meta.get_field("hour")
    executor: Any = CountJob._meta.get_field("executor")
    monkeypatch.setattr(hour, "help_text", "anything else")
    monkeypatch.setattr(executor, "choices", [("default", "a"), ("heavy", "b")])
    monkeypatch.setattr(Execution._meta.get_field("node"), "verbose_name", "anything else")
    monkeypatch.setattr(Execution._meta, "verbose_name", "anything else")
    assert changes() == "No changes detected\n"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("model", "name"), [(CountJob, "hour"), (CountJob, "count"), (Execution, "node")]
)
def test_another_column_does(model: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model._meta.get_field(name), "null", True)
    assert f"Alter field {name} on {model._meta.model_name}" in changes()


@pytest.mark.django_db
def test_words_of_a_kind_s_own_fields_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Greeting._meta.get_field("times"), "help_text", "anything else")
    assert "Alter field times on greeting" in changes()


def test_what_another_app_has_put_there_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    class Theirs(MigrationAutodetector):
        pass

    monkeypatch.setattr(makemigrations.Command, "autodetector", Theirs)
    monkeypatch.setattr(migrate.Command, "autodetector", Theirs)
    install()
    both = makemigrations.Command.autodetector
    assert issubclass(both, Theirs)
    assert issubclass(both, KindsDetector)
    assert migrate.Command.autodetector is both
    install()
    assert makemigrations.Command.autodetector is both
