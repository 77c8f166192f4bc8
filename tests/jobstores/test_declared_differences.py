"""What a person has changed of a declared definition, and the way back."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from countjobs.jobstores import declaring
from countjobs.jobstores.declaring import differences, go_back
from countjobs.models import Declaration, FunctionJob
from tests.support.declaring import EVERYTHING, change, declared, release, release_without
from tests.support.factories import NOON
from tests.support.registering import NAME, function_job, mail, register

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("isolated_registry", "noon_clock"),
]


def test_the_differences_are_what_a_person_has_changed() -> None:
    release(retries=2, arguments={"days": 3})
    change(retries=5, arguments={"days": 4}, description="by a person")
    found = differences(Declaration.objects.get())
    assert {(each.field, str(each.declared), str(each.now)) for each in found} == {
        ("retries", "2", "5"),
        ("arguments", "{'days': 3}", "{'days': 4}"),
    }
    assert sorted(go_back(Declaration.objects.get())) == ["arguments", "retries"]
    assert (declared().retries, declared().arguments) == (2, {"days": 3})
    assert declared().description == "by a person", "nobody declares it"
    assert go_back(Declaration.objects.get()) == []


def test_going_back_sets_dates_and_decimals_as_they_were() -> None:
    release(**EVERYTHING)
    before = FunctionJob.objects.values().get()
    change(start_date=NOON, end_date=None, retry_backoff=3, timezone="UTC", day_of_week="tue")
    go_back(Declaration.objects.get())
    assert FunctionJob.objects.values().get() == before


def test_going_back_is_refused_where_the_name_is_taken() -> None:
    release()
    change(name="The mails")
    function_job(NAME)
    with pytest.raises(ValidationError, match="already exists"):
        go_back(Declaration.objects.get())


def test_syncjobs_prints_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    register(mail, schedule={"hour": "3"})
    call_command("syncjobs")
    first, summary = capsys.readouterr().out.splitlines()
    assert first.endswith(f"({NAME}): made, as declared")
    assert summary == "The job store matches the definitions."
    release_without()


def test_what_a_person_saves_meanwhile_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release(retries=1)
    free_name = declaring._free_name

    def meanwhile(*args: Any) -> str:
        FunctionJob.objects.update(description="saved meanwhile", pause_after=3)
        return free_name(*args)

    monkeypatch.setattr(declaring, "_free_name", meanwhile)
    release(retries=2)
    definition = declared()
    assert (definition.retries, definition.description) == (2, "saved meanwhile")
    assert definition.pause_after == 3
