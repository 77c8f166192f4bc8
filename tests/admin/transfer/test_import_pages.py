"""Importing a file: a dry run first, and then what it has shown, or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, JobDefinition
from countjobs.transfer import dry_run
from tests.app.models import Greeting
from tests.support.admin_pages import said
from tests.support.people import client_of
from tests.support.transfers import (
    IMPORT,
    LIST,
    confirmed,
    document,
    entry,
    names,
    packed,
    rows,
    sent,
)

pytestmark = pytest.mark.django_db


def test_confirming_saves_it_tells_the_job_store_and_writes_the_history_of_changes(
    client: Client,
) -> None:
    old = CountJob.objects.create(name="old", description="kept", hour="5")
    other = CountJob.objects.create(name="other")
    page = sent(client, document(entry("old", hour="6", count=4), entry("new", enabled=False)))
    response = confirmed(client, page)
    assert response["Location"] == LIST
    assert said(response) == ["Imported: 1 changed, 1 added."]
    old.refresh_from_db()
    new = CountJob.objects.get(name="new")
    assert (old.hour, old.count, old.description) == ("6", 4, "kept")
    assert DjangoJob.objects.get(id=old.job_id).next_run_time.hour == 6
    assert DjangoJob.objects.get(id=new.job_id).next_run_time is None
    assert names() == ["new", "old", "other"]
    logged = {each.object_id: each for each in LogEntry.objects.all()}
    assert set(logged) == {str(old.pk), str(new.pk)}
    assert logged[str(new.pk)].action_flag == ADDITION
    assert logged[str(old.pk)].action_flag == CHANGE
    assert logged[str(old.pk)].get_change_message() == "Changed hour and count."
    assert str(other) not in response.content.decode()


def test_a_file_can_be_uploaded_with_the_mark_that_some_editors_begin_it_with(
    client: Client,
) -> None:
    file = SimpleUploadedFile("x.json", b"\xef\xbb\xbf" + document(entry("new")).encode())
    page = client.post(IMPORT, {"file": file}).content.decode()
    confirmed(client, page)
    assert names() == ["new"]


def test_nothing_is_imported_while_something_is_refused_unless_that_is_to_be_left_out(
    client: Client,
) -> None:
    page = sent(client, document(entry("good"), entry("bad", hour="25")))
    response = confirmed(client, page)
    assert response.status_code == 200
    assert "To import the others, tick" in response.content.decode()
    assert names() == []
    response = confirmed(client, page, leave_out="on")
    assert said(response)[-1] == "Imported: 1 refused, 1 added."
    assert names() == ["good"]


def test_where_all_is_refused_there_is_nothing_to_confirm(client: Client) -> None:
    page = sent(client, document(entry("bad", hour="25")))
    assert 'name="packed"' not in page
    assert "There is nothing to import" in page


def test_a_change_between_dry_run_and_confirmation_shows_the_dry_run_anew(client: Client) -> None:
    CountJob.objects.create(name="a", hour="5")
    page = sent(client, document(entry(hour="6")))
    CountJob.objects.update(hour="7")
    response = confirmed(client, page)
    again = response.content.decode()
    assert "something has changed meanwhile" in again
    assert rows(again) == ['1 a hour "7" "6"']
    assert CountJob.objects.get().hour == "7"
    assert confirmed(client, again).status_code == 302
    assert CountJob.objects.get().hour == "6"


def test_a_change_of_what_the_file_does_not_name_is_no_reason_to_look_again(client: Client) -> None:
    CountJob.objects.create(name="a", hour="5")
    page = sent(client, document(entry(hour="6")))
    CountJob.objects.update(description="new")
    assert confirmed(client, page).status_code == 302
    assert CountJob.objects.get().description == "new"


def test_to_confirm_twice_imports_once(client: Client) -> None:
    page = sent(client, document(entry()))
    assert confirmed(client, page).status_code == 302
    assert confirmed(client, page).status_code == 200
    assert names() == ["a"]


@pytest.mark.parametrize("given", ["", "x", "\0", "a:b:c", "e30:1xVCa3:Ym97p"])
def test_what_this_site_has_not_signed_is_not_applied(client: Client, given: str) -> None:
    response = client.post(IMPORT, {"packed": given, "_confirm": "1"})
    assert response.status_code == 200
    assert "Choose it again" in response.content.decode()


def test_what_was_shown_for_one_kind_is_not_applied_to_another() -> None:
    page = sent(superuser := client_of("superuser"), document(entry()))
    posted = {"packed": packed(page), "_confirm": "1"}
    response = superuser.post("/admin/app/greeting/import/", posted)
    assert "Choose it again" in response.content.decode()
    assert not Greeting.objects.exists()


def test_a_name_that_another_takes_in_between_is_shown_as_a_change(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sent(client, document(entry("new", hour="6")))
    save = JobDefinition.save
    CountJob.objects.create(name="taken")

    def take_first(self: JobDefinition, **kwargs: Any) -> None:
        self.name = "taken"
        save(self, **kwargs)

    monkeypatch.setattr(JobDefinition, "save", take_first)
    again = confirmed(client, page).content.decode()
    assert "Nothing was imported, because an entry was refused" in again
    assert "IntegrityError" in rows(again)[0]
    assert names() == ["taken"]


def test_when_a_save_fails_nothing_is_saved_and_the_entry_is_shown_with_the_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = JobDefinition.save

    def refuse_some(self: JobDefinition, **kwargs: Any) -> None:
        if self.name == "bad":
            raise ValueError("not <b>this</b>")
        save(self, **kwargs)

    monkeypatch.setattr(JobDefinition, "save", refuse_some)
    page = sent(client, document(entry("good"), entry("bad")))
    again = confirmed(client, page).content.decode()
    assert rows(again)[0] == "2 bad ValueError: not <b>this</b>"
    assert not CountJob.objects.exists()
    assert not DjangoJob.objects.exists()
    assert confirmed(client, again, leave_out="on").status_code == 302
    assert names() == ["good"]


def test_an_imported_definition_never_fires_what_lies_in_the_past(client: Client) -> None:
    past = (timezone.now() - timedelta(days=9)).isoformat()
    confirmed(client, sent(client, document(entry(start_date=past, second="*"))))
    assert DjangoJob.objects.get().next_run_time > timezone.now() - timedelta(seconds=60)


def test_a_file_that_takes_too_long_to_look_through_is_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = sent(client, document(entry()))
    monkeypatch.setattr(dry_run, "MOST_SECONDS", -1)
    assert "takes too long" in sent(client, document(entry()))
    response = confirmed(client, page)
    assert "takes too long" in response.content.decode()
    assert not CountJob.objects.exists()
