"""`syncjobs`: mends the job store, and prints what it mended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django_apscheduler.models import DjangoJob

from countjobs.management.commands import syncjobs
from countjobs.models import CountJob, FunctionJob, ParkedJob
from tests.support.factories import NOON, code_job, make_definition, store_job
from tests.support.registering import mail, register

pytestmark = pytest.mark.django_db


def output(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    call_command("syncjobs", *options)
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


@pytest.mark.usefixtures("isolated_registry")
def test_a_dry_run_says_the_same_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    register(mail, name="weekly", schedule="@weekly")
    for name in ("a", "b"):
        make_definition(name)
    DjangoJob.objects.all().delete()
    *told, summary, end = output(capsys, "--dry-run")
    assert end == "This was a dry run: nothing has been changed."
    assert summary == "2 rows corrected."
    assert not DjangoJob.objects.exists()
    assert not FunctionJob.objects.exists()
    made, *mended, again = output(capsys)
    assert again == summary
    assert [line.partition(" ")[2] for line in told] == [
        line.partition(" ")[2] for line in (made, *mended)
    ]


@pytest.mark.django_db(transaction=True)
def test_a_dry_run_takes_each_step_back_before_the_next(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def steps(clock: object) -> Iterator[list[str]]:
        for name in ("a", "b"):
            assert not CountJob.objects.exists()
            made.append(make_definition(name).pk)
            yield [name]

    monkeypatch.setattr(syncjobs, "sync_steps", steps)
    assert output(capsys, "--dry-run")[:3] == ["a", "b", "2 rows corrected."]
    assert len(made) == 2
    assert not CountJob.objects.exists()
