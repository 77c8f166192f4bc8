"""`syncjobs`: mends the job store, and prints what it mended."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django_apscheduler.models import DjangoJob

from countjobs.models import ParkedJob
from tests.support.factories import NOON, code_job, make_definition, store_job

pytestmark = pytest.mark.django_db


def output(capsys: pytest.CaptureFixture[str]) -> list[str]:
    call_command("syncjobs")
    return capsys.readouterr().out.splitlines()


def test_it_says_that_the_job_store_agrees(capsys: pytest.CaptureFixture[str]) -> None:
    make_definition(due=None)
    assert output(capsys) == ["The job store matches the definitions."]


def test_it_prints_what_it_mended(capsys: pytest.CaptureFixture[str]) -> None:
    definitions = [make_definition(name) for name in ("a", "b")]
    DjangoJob.objects.all().delete()
    first, second, summary = output(capsys)
    assert first.startswith(f"{definitions[0].job_id} (a): next run at ")
    assert second.startswith(f"{definitions[1].job_id} (b): next run at ")
    assert summary == "2 rows corrected."
    assert output(capsys) == ["The job store matches the definitions."]


def test_promise_02_it_reports_what_it_can_not_mend(capsys: pytest.CaptureFixture[str]) -> None:
    store_job(code_job("code"))
    DjangoJob.objects.update(job_state=b"tampered")
    foreign, summary = output(capsys)
    assert foreign.startswith("code: left as it is. Another program wrote this row")
    assert summary == "The job store matches the definitions."
    assert not ParkedJob.objects.exists()
    assert DjangoJob.objects.get(id="code").next_run_time == NOON
