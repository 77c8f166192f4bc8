"""Migrations say what the models say, and can be undone."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import (
    AddField,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
)
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED


@pytest.mark.django_db
def test_promise_25_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_app_s_tables_come_and_go() -> None:
    def tables() -> set[str]:
        names = connection.introspection.table_names()
        ours = {name for name in names if name.startswith("countjobs_")}
        return {name for name in ours if not name.startswith("countjobs_alerts_")}  # an app beside

    before = tables()
    assert {"countjobs_countjob", "countjobs_execution", "countjobs_schedulernode"} <= before
    try:
        call_command("migrate", "countjobs", "zero", verbosity=0)
        assert tables() == set()
    finally:
        # All apps: those with kinds of definition had to go first.
        call_command("migrate", verbosity=0)
    assert tables() == before


RELEASED = {"0001_initial", "0002_overlapping_releases"}
"""What the release before had. All others have to let it work beside this one."""


def new_operations() -> list[Operation]:
    loader = MigrationLoader(None)
    return [
        operation
        for (app, name), migration in loader.disk_migrations.items()
        if app == "countjobs" and name not in RELEASED
        for operation in migration.operations
    ]


def test_promise_36_a_release_before_can_write_into_the_new_tables() -> None:
    """It leaves out the columns that it doesn't know."""
    added = [each for each in new_operations() if isinstance(each, AddField)]
    assert len(added) > 20, "something was looked at"
    assert [
        f"{each.model_name}.{each.name}"
        for each in added
        if not each.field.null and each.field.db_default is NOT_PROVIDED
    ] == []


def test_promise_36_nothing_is_gone_that_a_release_before_needs() -> None:
    taken_away = (DeleteModel, RemoveField, RenameField, RenameModel)
    assert [each.describe() for each in new_operations() if isinstance(each, taken_away)] == []
