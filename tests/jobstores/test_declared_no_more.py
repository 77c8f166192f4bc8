"""What code no longer declares is disabled once, and goes on when it is declared again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from countjobs.jobstores.declaring import sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.declaring import change, declared, release, release_without
from tests.support.factories import NOON
from tests.support.job_rows import row_of
from tests.support.registering import NAME, empty_registry, mail, register

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]

MINUTE = timedelta(minutes=1)


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


def test_so_is_one_whose_function_is_gone() -> None:
    release()
    empty_registry()
    (line,) = sync_declared(NOON)
    assert line.endswith("disabled, because it is no longer declared")
    assert sync_declared(NOON) == []
    release()
    assert declared().enabled
    assert row_of(declared()).next_run_time is not None


def test_one_that_a_person_has_enabled_again_stays_enabled() -> None:
    release()
    release_without()
    change(enabled=True)
    assert sync_declared(NOON) == []
    assert declared().enabled
    assert release() == []
    assert declared().enabled


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


def test_one_that_is_declared_as_disabled_is_not_enabled() -> None:
    release(enabled=False)
    assert not declared().enabled
    release_without()
    release(enabled=False)
    assert not declared().enabled
    release()
    assert declared().enabled


def test_one_that_a_person_has_deleted_is_made_again() -> None:
    release()
    FunctionJob.objects.all().delete()
    assert not Declaration.objects.exists()
    (line,) = sync_declared(NOON)
    assert line.endswith(": made, as declared")


def test_a_sync_makes_no_query_for_each_that_agrees() -> None:
    def queries(count: int) -> int:
        empty_registry()
        for number in range(count):
            register(mail, name=f"mail {number}", schedule={"hour": "3"})
        sync_declared(NOON)
        with CaptureQueriesContext(connection) as captured:
            assert sync_declared(NOON) == []
        return len(captured)

    assert queries(20) == queries(1) == 1
