"""Two processes sync what is declared at once, after a release, say: each is made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from countjobs.jobstores.declaring import sync_declared
from countjobs.models import Declaration, FunctionJob
from tests.support.factories import NOON
from tests.support.registering import empty_registry, mail, register

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("isolated_registry")]

HOW_MANY = 4


def declare_some(**options: object) -> None:
    for number in range(10):
        register(mail, name=f"mail {number}", schedule={"hour": "3"}, **options)


def sync_together() -> list[str]:
    barrier = Barrier(HOW_MANY, timeout=60)

    def sync() -> list[str]:
        try:
            barrier.wait()
            return sync_declared(NOON)
        finally:
            connection.close()

    with ThreadPoolExecutor(HOW_MANY) as pool:
        done = [pool.submit(sync) for _ in range(HOW_MANY)]
        return [line for each in done for line in each.result(timeout=120)]


def test_each_is_made_once_changed_once_and_disabled_once() -> None:
    for made in (True, False):
        declare_some(retries=1 if made else 2)
        lines = sync_together()
        assert len(lines) == 10, lines
        assert Declaration.objects.count() == FunctionJob.objects.count() == 10
        empty_registry()
    assert set(FunctionJob.objects.values_list("retries", flat=True)) == {2}
    assert len(sync_together()) == 10
    assert not FunctionJob.objects.filter(enabled=True).exists()
