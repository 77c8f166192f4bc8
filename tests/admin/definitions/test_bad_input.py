"""Bad definitions are refused at the model, in the form, and as a posted request."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.html import escape

from countjobs.admin import JobDefinitionAdmin
from countjobs.models import CountJob
from tests.support.bad_definitions import AT_MODEL, BAD, THROUGH_PAGES, Bad, model_values, title_of
from tests.support.definition_form import errors_shown_at, form_values
from tests.support.people import user_of

pytestmark = pytest.mark.django_db


AT_FORM = [bad for bad in BAD if bad.form is None]


@pytest.fixture(autouse=True)
def _taken() -> None:
    CountJob.objects.create(name="taken")


def test_there_are_enough_bad_definitions_each_with_a_title_of_its_own() -> None:
    assert len(BAD) >= 60
    titles = {bad.title for bad in BAD}
    assert len(titles) == len(BAD)
    assert titles >= THROUGH_PAGES


def test_what_the_bad_definitions_are_made_of_is_good(client: Client) -> None:
    response = client.post(reverse("admin:countjobs_countjob_add"), form_values({}))
    assert response.status_code == 302
    CountJob.objects.get(name="good").full_clean()


@pytest.mark.parametrize("bad", AT_MODEL, ids=title_of)
def test_the_model_refuses(bad: Bad) -> None:
    definition = CountJob(**{"name": "bad", **model_values(bad)})
    with pytest.raises(ValidationError) as refused:
        definition.full_clean()
    assert_says(bad.model_fragment or bad.fragment, refused.value.message_dict, bad.field)


@pytest.mark.parametrize("bad", AT_FORM, ids=title_of)
def test_the_form_refuses(bad: Bad, rf: RequestFactory) -> None:
    request = rf.get("/")
    request.user = user_of("superuser")
    form = JobDefinitionAdmin(CountJob, admin.site).get_form(request)(data=form_values(bad.posted))
    assert not form.is_valid()
    assert_says(bad.fragment, form.errors, bad.field)


@pytest.mark.parametrize(
    "bad", [bad for bad in AT_FORM if bad.title in THROUGH_PAGES], ids=title_of
)
def test_the_add_page_refuses_and_loses_nothing_that_was_typed(bad: Bad, client: Client) -> None:
    response = client.post(reverse("admin:countjobs_countjob_add"), form_values(bad.posted))
    assert response.status_code == 200
    assert CountJob.objects.count() == 1
    page = response.content.decode()
    assert escape(bad.fragment) in errors_shown_at(bad.field, page)
    if bad.keeps_typed:
        for value in form_values(bad.posted).values():
            assert escape(value) in page


def test_the_change_page_refuses_and_the_stored_row_stays(client: Client) -> None:
    definition = CountJob.objects.get(name="taken")
    url = reverse("admin:countjobs_countjob_change", args=[definition.pk])
    response = client.post(url, form_values({"timezone": "America", "minute": "60"}))
    assert response.status_code == 200
    assert "There is no time zone" in errors_shown_at("timezone", response.content.decode())
    definition.refresh_from_db()
    assert definition.timezone == "UTC"


def assert_says(fragment: str, errors: Any, field: str) -> None:
    assert list(errors) == [field]
    assert any(fragment in message for message in errors[field])
