"""Bad rows of the job store: each is told of in every place, and hurts nobody."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils.html import strip_tags
from django_apscheduler.models import DjangoJob

from countjobs.jobstores.signing import _signature
from countjobs.models import ParkedJob
from tests.support.factories import NOON, code_job, make_definition, store_job
from tests.support.job_rows import tampered, unimportable, unsigned
from tests.support.people import client_of
from tests.support.still_scheduler import Threads, make_scheduler, make_store

pytestmark = pytest.mark.django_db


def unpicklable() -> bytes:
    """Signed by us, but of a class that is not there any more."""
    state = b"\x80\x02cno_such_module\nNoSuchClass\n."
    return state + _signature("broken", state, settings.SECRET_KEY)


KINDS = pytest.mark.parametrize(
    ("state", "error"),
    [
        (unpicklable, "No module named no_such_module"),
        (unimportable, "could not import module"),
    ],
)


def break_a_row(state: Callable[[], bytes]) -> None:
    store_job(code_job("broken"))
    DjangoJob.objects.filter(id="broken").update(job_state=state())


def plain(text: str) -> str:
    """Without the marks that pages escape, and templates turn."""
    for mark in ("’", "'", "&#x27;", "&#39;"):
        text = text.replace(mark, "")
    return text


def admin_says() -> str:
    client = client_of("superuser")
    pages = [client.get(url) for url in ("/admin/", "/admin/countjobs/parkedjob/")]
    assert all(b"broken" in page.content for page in pages)
    return plain(strip_tags(pages[-1].content.decode()))


@KINDS
def test_promise_02_a_bad_row_is_parked_and_told_of_in_the_log_and_the_admin(
    state: Callable[[], bytes], error: str, caplog: pytest.LogCaptureFixture
) -> None:
    break_a_row(state)
    sound = make_definition("sound")
    store = make_store(make_scheduler(), Threads())
    with caplog.at_level(logging.ERROR, "countjobs"):
        assert [job.id for job in store.get_due_jobs(NOON)] == [sound.job_id]
    row = DjangoJob.objects.get(id="broken")
    assert (row.next_run_time, bytes(row.job_state)) == (None, state())
    told = [plain(ParkedJob.objects.get().error), plain(caplog.text), admin_says()]
    assert all(plain(error) in text for text in told)
    assert 'Job "broken" is broken, and parked' in caplog.text


@KINDS
def test_promise_02_syncjobs_finds_a_bad_row_before_it_is_due(
    state: Callable[[], bytes], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    break_a_row(state)
    sound = make_definition("sound")
    call_command("syncjobs")
    said = plain(capsys.readouterr().out)
    assert said.startswith("broken: broken, ")
    assert plain(error) in said
    assert plain(error) in admin_says()
    assert DjangoJob.objects.get(id="broken").next_run_time is None
    assert DjangoJob.objects.get(id=sound.job_id).next_run_time == NOON


@pytest.mark.parametrize("state", [tampered, unsigned])
def test_promise_02_a_foreign_row_is_left_as_it_is_and_told_of_in_the_log_and_the_admin(
    state: Callable[[], bytes],
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Issue 8, line 3: foreign rows are told of in the banner, the log and by `syncjobs`."""
    break_a_row(state)
    sound = make_definition("sound")
    store = make_store(make_scheduler(), Threads())
    assert [job.id for job in store.get_due_jobs(NOON)] == [sound.job_id]
    assert store.get_due_jobs(NOON) == []
    upcoming = store.get_next_run_time()
    assert upcoming is not None
    assert upcoming > NOON, "it doesn't make the loop spin"
    assert caplog.text.count('Left to other schedulers: job "broken". The signature') == 1
    row = DjangoJob.objects.get(id="broken")
    assert (row.next_run_time, bytes(row.job_state)) == (NOON, state())
    assert not ParkedJob.objects.exists()
    page = client_of("superuser").get("/admin/").content.decode()
    assert "1 row in the job store was written by another program" in page
    call_command("syncjobs")
    assert capsys.readouterr().out.startswith("broken: left as it is.")
