"""Migrations say what the models say, and can be undone."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection


@pytest.mark.django_db
def test_promise_25_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_the_app_s_tables_come_and_go() -> None:
    def tables() -> set[str]:
        names = connection.introspection.table_names()
        return {name for name in names if name.startswith("countjobs_")}

    before = tables()
    assert {"countjobs_countjob", "countjobs_execution", "countjobs_schedulernode"} <= before
    try:
        call_command("migrate", "countjobs", "zero", verbosity=0)
        assert tables() == set()
    finally:
        # All apps: those with kinds of definition had to go first.
        call_command("migrate", verbosity=0)
    assert tables() == before
