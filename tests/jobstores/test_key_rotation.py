"""Issue 8, line 44: a key is rotated to the end, as docs/key-rotation.md says, and nothing parks.

Line 46: and what is signed can be read in one way only.
"""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_apscheduler.models import DjangoJob
from pytest_django import Settings

from countjobs.jobstores import restoring
from countjobs.jobstores.claims import claim
from countjobs.jobstores.signing import UnreadableJobError, seal, sealed_anew, unseal
from countjobs.jobstores.sync import sync
from countjobs.models import Execution, ParkedJob
from countjobs.schedulers import create_scheduler
from tests.support.factories import NOON, code_job, make_definition, store_job
from tests.support.paths import ROOT

pytestmark = pytest.mark.django_db

OLD, NEW = (
    django_settings.SECRET_KEY,
    "the new key, which is as long as Django wants a key to be: 012",
)


def syncjobs(capsys: pytest.CaptureFixture[str]) -> list[str]:
    capsys.readouterr()
    call_command("syncjobs")
    return capsys.readouterr().out.splitlines()


def start_anew() -> None:
    """A process that starts remembers nothing that another one has read."""
    restoring._unseal.cache_clear()
    sync(NOON)  # as a scheduler does


def assert_all_run() -> None:
    Execution.objects.all().delete()
    DjangoJob.objects.exclude(next_run_time=None).update(next_run_time=NOON)
    claims = claim(NOON, limit=10, node="here", busy={})
    assert {job.id for job in claims.jobs} >= {"code"}
    assert len(claims.jobs) == 2
    assert not claims.parked
    assert not ParkedJob.objects.exists()


def test_line_44_the_page_is_followed_to_the_end(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    make_definition("runs")
    make_definition("paused", due=None, enabled=False)
    store_job(code_job())
    before = set(DjangoJob.objects.values_list("id", "job_state"))

    settings.SECRET_KEY_FALLBACKS = [NEW]  # 1.
    start_anew()
    assert_all_run()

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]  # 2.
    start_anew()
    assert_all_run()
    assert set(DjangoJob.objects.values_list("id", "job_state")) == before

    said = syncjobs(capsys)  # 3.
    assert said == [
        "The job store matches the definitions.",
        "3 rows that an older key had signed are now signed with SECRET_KEY.",
    ]
    assert syncjobs(capsys) == ["The job store matches the definitions."]

    settings.SECRET_KEY_FALLBACKS = []  # 4.
    start_anew()
    assert_all_run()
    assert syncjobs(capsys) == ["The job store matches the definitions."]


def test_line_44_the_page_names_the_command_that_seals_anew() -> None:
    assert "manage.py syncjobs" in (ROOT / "docs/key-rotation.md").read_text()
    assert "(key-rotation.md)" in (ROOT / "docs/README.md").read_text()


def test_line_44_what_nobody_here_has_sealed_is_left_as_it_is(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    row = store_job(code_job())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, ["a third one"]
    syncjobs(capsys)
    left = DjangoJob.objects.get()
    assert (bytes(left.job_state), left.next_run_time) == (row.job_state, row.next_run_time)
    assert not ParkedJob.objects.exists()


def test_line_44_a_parked_job_whose_key_is_known_again_is_sealed_and_goes_on(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    store_job(code_job())
    DjangoJob.objects.update(next_run_time=None)  # as 0.1.0 left it, which didn't know its key
    ParkedJob.objects.create(job_id="code", error="the signature", parked_at=timezone.now())
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    syncjobs(capsys)
    settings.SECRET_KEY_FALLBACKS = []
    start_anew()
    assert_all_are_read()


def assert_all_are_read() -> None:
    assert not ParkedJob.objects.exists()
    for row in DjangoJob.objects.all():
        assert row.next_run_time
        assert unseal(row.id, bytes(row.job_state)).id == row.id


@pytest.mark.parametrize("count", [450])
def test_line_44_more_rows_than_a_batch_are_all_sealed(
    count: int, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [DjangoJob(id=f"code {i}", job_state=seal(code_job(f"code {i}"))) for i in range(count)]
    DjangoJob.objects.bulk_create(rows)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = NEW, [OLD]
    assert syncjobs(capsys)[-1].startswith(f"{count} rows that")


# Line 46


def sealed_before(job_id: str, state: bytes) -> bytes:
    """As all rows were sealed, whatever their ids."""
    value = job_id.encode() + b"\0" + state
    salt = "countjobs.jobstores.signing"
    return state + salted_hmac(salt, value, secret=OLD, algorithm="sha256").digest()


def test_line_46_rows_that_were_sealed_before_are_read() -> None:
    job = code_job()
    state = pickle.dumps(job.__getstate__(), pickle.HIGHEST_PROTOCOL)
    assert unseal("code", sealed_before("code", state)).id == "code"


class Trap:
    """Its unpickling would raise."""

    def __reduce__(self) -> tuple[Any, ...]:
        return pytest.fail, ("it was loaded",)


@pytest.mark.parametrize("protocol", [0, 2, pickle.HIGHEST_PROTOCOL])
def test_line_46_a_state_with_an_id_that_holds_a_nul_is_no_other_row_s(protocol: int) -> None:
    state = pickle.dumps(code_job().__getstate__(), pickle.HIGHEST_PROTOCOL)
    # An id whose end is a pickle: with a text protocol, there is such a one.
    hidden = pickle.dumps(Trap(), protocol).decode("latin-1")
    sealed = sealed_before(f"code\0{hidden}", state)
    shifted = hidden.encode() + b"\0" + sealed
    for job_id, other in (("code", shifted), (f"code\0{hidden}", sealed)):
        with pytest.raises(UnreadableJobError, match="signature"):
            unseal(job_id, other)
        assert sealed_anew(job_id, other) is None


def test_line_46_an_id_that_holds_a_nul_is_refused_where_it_is_given() -> None:
    scheduler = create_scheduler(background=True)
    with pytest.raises(ValueError, match="NUL"):
        scheduler.add_job(print, id="a\0b")
    with pytest.raises(ValueError, match="NUL"):
        seal(code_job("a\0b"))
