"""Kinds of definitions with fields of any name, keys that are typed, and defaults that vary."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.core import checks
from django.core.exceptions import ValidationError
from django.db import models
from django.test import Client
from django.utils import timezone

from countjobs.admin import JobDefinitionAdmin
from countjobs.jobstores.sync import sync
from countjobs.models import JobDefinition
from countjobs.transfer.field_values import read_value
from tests.app.models import Greeting, Label
from tests.support.admin_pages import change_url
from tests.support.definition_form import form_values, save
from tests.support.own_kinds import forgotten  # noqa: F401  # a fixture
from tests.support.transfers import confirmed, document, entry, rows

pytestmark = pytest.mark.django_db

LIST = "/admin/app/label/"


@pytest.fixture
def label() -> Label:
    return Label.objects.create(
        slug="a/b", name="a", facts="important", switch="off", enabled=False
    )


def test_fields_that_are_called_as_the_app_calls_things_break_no_page(
    client: Client, label: Label
) -> None:
    page = change_url(label)
    pages = [page.replace("change", name) for name in ("change", "delete", "history", "run")]
    for url in ("/admin/", "/admin/countjobs/", LIST, f"{LIST}add/", *pages):
        assert client.get(url, follow=True).status_code == 200, url


def test_a_key_that_no_database_holds_is_not_there(client: Client) -> None:
    for name in ("change", "delete", "history"):
        assert client.get(f"{LIST}%00/{name}/").status_code == 302, name
    assert client.get(f"{LIST}%00/run/").status_code == 404
    for name in ("pause", "enabled", "preview"):
        assert client.post(f"{LIST}%00/{name}/").status_code == 404, name
    posted = form_values({"name": "a"}) | {"_saveasnew": ""}
    assert "This field is required." in client.post(f"{LIST}%00/change/", posted).content.decode()


def test_such_fields_are_saved_as_they_were(client: Client, label: Label) -> None:
    client.post(LIST, {"action": "resume", "_selected_action": [label.pk]})
    client.post(LIST, {"action": "pause", "_selected_action": [label.pk]})
    assert "field-paused" in client.get(change_url(label)).content.decode()
    after = save(client, label, description="new")
    assert (after.facts, after.switch, after.kind) == ("important", "off", "plain")
    assert after.description == "new"


def test_a_key_that_people_give_is_asked_for_once(client: Client) -> None:
    posted = form_values({"name": "a"}) | {"kind": "plain", "token": str(uuid4())}
    page = client.post(f"{LIST}add/", posted)
    assert page.context["adminform"].form.errors == {"slug": ["This field is required."]}
    assert client.post(f"{LIST}add/", posted | {"slug": "x"}).status_code == 302
    label = Label.objects.get(pk="x")
    assert sync(timezone.now()) == []
    assert 'name="slug"' not in client.get(change_url(label)).content.decode()


def test_what_has_another_default_each_time_can_be_imported(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        vars(Greeting._meta.get_field("greeted")), "_get_default", lambda: uuid4().hex
    )
    added = [
        {**entry("new", **fields), "model": "app.greeting"} for fields in ({}, {"greeted": "you"})
    ]
    added[1]["name"] = "other"
    url = "/admin/app/greeting/import/"
    page = client.post(url, {"text": document(*added)}).content.decode()
    assert [row for row in rows(page) if "greeted" in row] == ['2 other greeted "you"']
    assert confirmed(client, page, url=url).status_code == 302
    new, other = Greeting.objects.get(name="new"), Greeting.objects.get(name="other")
    assert (len(new.greeted), other.greeted) == (32, "you")


def kind_with(name: str) -> Any:
    """A kind of definition with a field of this name."""
    attributes = {
        name: models.CharField(max_length=5),
        "run": print,
        "__module__": "tests.app.models",
        "Meta": type("Meta", (JobDefinition.Meta,), {"app_label": "app"}),
    }
    model_of: Any = type(JobDefinition)
    return model_of("Hiding", (JobDefinition,), attributes)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", ["trigger", "job_id", "progress", "lacks_start", "count_from"])
def test_a_field_that_hides_what_the_scheduler_calls_is_found(name: str) -> None:
    kind_with(name)
    [found] = checks.run_checks(tags=["countjobs"])
    assert (found.id, found.msg.endswith(f": {name}.")) == ("countjobs.E007", True)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", ["every", "run_at", "schedule_type", "jitter"])
def test_a_field_that_takes_the_place_of_one_of_the_schedule_is_found(name: str) -> None:
    kind_with(name)
    [found] = checks.run_checks(tags=["countjobs"])
    assert (found.id, found.msg.endswith(f": {name}.")) == ("countjobs.E007", True)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("name", ["history", "next_run", "figures", "crontab_line"])
def test_a_field_for_which_the_page_has_no_place_is_found(name: str) -> None:
    [found] = JobDefinitionAdmin(kind_with(name), admin.site).check()
    assert (found.id, name in found.msg) == ("countjobs.E008", True)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        (models.DurationField(), "999999999999 days", "It must be in [DD] [[HH:]MM:]ss[.uuuuuu]"),
        (models.DateTimeField(), "9999-12-31T23:59:59-14:00", "but it is an invalid date/time"),
        (models.DateTimeField(), 5, "This must be text, in quotation marks, not 5."),
    ],
)
def test_a_value_that_no_field_can_hold_is_refused_with_what_it_holds(
    field: models.Field[Any, Any], value: object, problem: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        read_value(field, value)
    assert problem in refused.value.messages[0]
