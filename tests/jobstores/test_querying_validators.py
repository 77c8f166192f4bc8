"""Validators that query, when a job is claimed: nothing that they do harms the claim."""

from __future__ import annotations

from typing import Annotated

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from countjobs.jobstores.claims import claim
from countjobs.models import ParkedJob
from tests.support.factories import NOON
from tests.support.registering import due_function_job, function_job, mail, register

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated_registry", "noon_clock"),
]


TABLES = ["auth_user"]
"""What the validator reads."""


def is_there(value: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {value} FROM {TABLES[-1]}")


def check(days: Annotated[int, is_there] = 0) -> None:
    """Never called."""


def claimed() -> list[str]:
    return [job.name for job in claim(NOON, limit=10, node="n", busy={}).jobs]


def test_a_query_that_fails_fails_its_own_run_and_no_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    register(check, name="check")
    register(mail)
    checked = function_job("checked", NOON, function="check", arguments={"days": 1})
    due_function_job()
    monkeypatch.setattr(f"{__name__}.TABLES", ["nowhere"])
    assert sorted(claimed()) == ["checked", "mail"]
    assert not ParkedJob.objects.exists()
    with pytest.raises(ValueError, match="nowhere"):
        checked.run()


def test_one_that_refuses_without_a_query_parks_its_job() -> None:
    most = [2]

    def refuse(value: int) -> None:
        if value > most[0]:
            raise ValidationError("Too many.")

    def count(days: int = 0) -> None:
        """Never called."""

    count.__annotations__["days"] = Annotated[int, refuse]
    register(count)
    due_function_job(arguments={"days": 2})
    most[0] = 1
    assert claimed() == []
    assert ParkedJob.objects.get().error == "arguments: days: Too many."
