"""`migrate` and `syncjobs` make and change the definitions that code declares, and say so."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.declaring import after_migrate, sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.declaring import declared
from tests.support.factories import NOON
from tests.support.registering import NAME, mail, register

pytestmark = [pytest.mark.usefixtures("isolated_registry")]

database = pytest.mark.django_db


@database
def test_syncjobs_prints_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    register(mail, schedule={"hour": "3"})
    call_command("syncjobs")
    first, summary = capsys.readouterr().out.splitlines()
    assert first.endswith(f"({NAME}): made, as declared")
    assert summary == "The job store matches the definitions."


@database
def test_a_dry_run_prints_the_same_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    register(mail, schedule={"hour": "3"})
    before = list(DjangoJob.objects.values())
    call_command("syncjobs", dry_run=True)
    *lines, last = capsys.readouterr().out.splitlines()
    assert lines[0].endswith(f"({NAME}): made, as declared")
    assert last == "This was a dry run: nothing has been changed."
    assert not FunctionJob.objects.exists()
    assert not Declaration.objects.exists()
    assert list(DjangoJob.objects.values()) == before


# After `migrate`


def migrated(**options: Any) -> str:
    stdout = StringIO()
    given = {"using": "default", "verbosity": 1, "stdout": stdout, **options}
    after_migrate(None, **given)  # type: ignore[arg-type]  # who sends it doesn't count
    return stdout.getvalue()


@database
def test_migrate_makes_what_is_declared_and_says_so() -> None:
    register(mail, schedule={"hour": "3"})
    told = migrated()
    assert told == f"{declared().job_id} ({NAME}): made, as declared\n"
    assert migrated() == ""


@database
def test_it_says_nothing_where_it_is_to_be_quiet() -> None:
    register(mail, schedule={"hour": "3"})
    assert migrated(verbosity=0) == ""
    assert declared()


@database
@pytest.mark.parametrize("using", ["other", None])
def test_another_database_is_left_alone(using: str | None) -> None:
    register(mail, schedule={"hour": "3"})
    assert migrated(using=using) == ""
    assert not Declaration.objects.exists()


class KeepsOut:
    """A router of a project that has our tables nowhere."""

    def allow_migrate(self, *_args: Any, **_hints: Any) -> bool:
        return False


def test_a_database_without_our_tables_is_left_alone(settings: Any) -> None:
    """This test may not query any database."""
    settings.DATABASE_ROUTERS = [KeepsOut()]
    register(mail, schedule={"hour": "3"})
    assert migrated() == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("target", ["0008", "0009", "0011", "zero"])
def test_migrating_back_and_forth_works(target: str) -> None:
    register(mail, schedule={"hour": "3"})
    sync_declared(NOON)
    try:
        call_command("migrate", "countjobs", target, verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    assert declared().enabled
    assert sync_declared(NOON) == []
