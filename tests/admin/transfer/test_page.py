"""The page to import a file: who gets there, and what it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.app.models import Greeting
from tests.support.people import client_of
from tests.support.transfers import IMPORT, LIST, document, entry, packed, plan_of, rows, sent

pytestmark = pytest.mark.django_db


def test_the_list_links_to_the_page_and_the_page_says_that_nothing_is_deleted(
    client: Client,
) -> None:
    assert f'<a href="{IMPORT}">Import</a>' in client.get(LIST).content.decode()
    assert "nothing is deleted" in client.get(IMPORT).content.decode()


@pytest.mark.parametrize("role", ["viewer", "runner"])
def test_who_may_not_add_and_change_gets_no_link(role: str) -> None:
    assert IMPORT not in client_of(role).get(LIST).content.decode()


def test_the_page_has_no_other_methods(client: Client) -> None:
    assert client.put(IMPORT).status_code == 405


def test_either_a_file_or_a_text_is_wanted(client: Client) -> None:
    assert "choose a file or paste" in sent(client, "")
    both = {"text": "{}", "file": SimpleUploadedFile("x.json", b"{}")}
    assert "choose a file or paste" in client.post(IMPORT, both).content.decode()


def test_a_second_kind_is_imported_on_a_page_of_its_own() -> None:
    superuser = client_of("superuser")
    text = document({"model": "app.greeting", "name": "hi", "greeted": "World", "times": 2})
    url = "/admin/app/greeting/import/"
    page = superuser.post(url, {"text": text}).content.decode()
    superuser.post(url, {"packed": packed(page), "_confirm": "1"})
    assert Greeting.objects.get().greeted == "World"
    [row, *_] = rows(sent(superuser, text))
    assert "countjobs.countjob, not app.greeting" in row


def test_a_text_too_long_to_be_carried_to_the_next_page_is_refused(
    client: Client, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 17_000
    file = SimpleUploadedFile("x.json", document(entry(messages={"a": random_text()})).encode())
    assert "too large for the confirmation" in client.post(IMPORT, {"file": file}).content.decode()


def random_text() -> str:
    return json.dumps([str(hash((n, "x")))[:12] for n in range(2_000)])


def test_an_error_is_told_in_the_language_of_who_looks(client: Client) -> None:
    with pytest.raises(ValidationError):
        plan_of("{")
    response = client.post(IMPORT, {"text": "{"}, headers={"accept-language": "ja"})
    assert response.status_code == 200
