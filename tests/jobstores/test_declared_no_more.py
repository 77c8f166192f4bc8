"""What code no longer declares is disabled once, and goes on when it is declared again."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.functions.registry import registry
from countjobs.jobstores.declaring import after_migrate, sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.declaring import change, declared, release, release_without
from tests.support.factories import NOON
from tests.support.job_rows import row_of
from tests.support.registering import NAME, mail, register

pytestmark = [pytest.mark.usefixtures("isolated_registry")]

database = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@database
def test_it_is_disabled_once_and_enabled_when_it_is_back() -> None:
    release()
    (line,) = release_without()
    definition = declared()
    assert line == (f"{definition.job_id} ({NAME}): disabled, because it is no longer declared")
    assert not definition.enabled
    assert row_of(definition).next_run_time is None
    assert Declaration.objects.get().gone_at == NOON
    assert sync_declared(NOON + MINUTE) == []
    assert Declaration.objects.get().gone_at == NOON, "since then"
    (line,) = release()
    assert line.endswith(": changed, as declared: enabled")
    assert declared().enabled
    assert Declaration.objects.get().gone_at is None
    assert sync_declared(NOON) == []


@database
def test_so_is_one_whose_function_is_gone() -> None:
    release()
    registry.__init__()  # type: ignore[misc]  # empty again
    (line,) = sync_declared(NOON)
    assert line.endswith("disabled, because it is no longer declared")
    assert sync_declared(NOON) == []
    release()
    assert declared().enabled
    assert row_of(declared()).next_run_time is not None


@database
def test_one_that_a_person_has_enabled_again_stays_enabled() -> None:
    release()
    release_without()
    change(enabled=True)
    assert sync_declared(NOON) == []
    assert declared().enabled
    assert release() == []
    assert declared().enabled


@database
def test_a_paused_one_stays_paused_whatever_the_code_does() -> None:
    release(retries=1)
    change(enabled=False)
    assert len(release(retries=2)) == 1
    (line,) = release_without()
    assert line.endswith(": no longer declared")
    assert len(release(retries=3)) == 1
    release(name="shop.send", aliases=[NAME])
    assert not declared("shop.send").enabled
    assert sync_declared(NOON) == []


@database
def test_one_that_is_declared_as_disabled_is_not_enabled() -> None:
    release(enabled=False)
    assert not declared().enabled
    release_without()
    release(enabled=False)
    assert not declared().enabled
    release()
    assert declared().enabled


@database
def test_one_that_a_person_has_deleted_is_made_again() -> None:
    release()
    FunctionJob.objects.all().delete()
    assert not Declaration.objects.exists()
    (line,) = sync_declared(NOON)
    assert line.endswith(": made, as declared")


@database
def test_a_sync_of_many_that_agree_makes_few_queries() -> None:
    def queries(count: int) -> int:
        registry.__init__()  # type: ignore[misc]  # empty again
        for number in range(count):
            register(mail, name=f"mail {number}", schedule={"hour": "3"})
        sync_declared(NOON)
        with CaptureQueriesContext(connection) as captured:
            assert sync_declared(NOON) == []
        return len(captured)

    assert queries(20) <= queries(1) + 19 * 3, "one, in a transaction of its own, each"


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
