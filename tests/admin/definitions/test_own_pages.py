"""Somebody's own class of the pages of a kind: it may do what any subclass of a ModelAdmin may."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.test import RequestFactory

from countjobs.admin import JobDefinitionAdmin
from countjobs.admin.changes import last_pause, log_changed
from countjobs.models import CountJob
from tests.support.factories import make_definition
from tests.support.people import user_of

pytestmark = pytest.mark.django_db


class OwnPages(JobDefinitionAdmin):
    """With actions of its own, and one of ours in another way."""

    actions = ("run_now", "pause", "greet")

    @admin.action(description="Greet")
    def greet(self, request: HttpRequest, queryset: object) -> None:
        """Do nothing."""

    @admin.action(description="Pause for a while")
    def pause(self, request: HttpRequest, queryset: object) -> None:
        """Do nothing either."""


def request_of_superuser() -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = user_of("superuser")
    return request


def test_actions_are_named_added_and_overridden() -> None:
    offered = OwnPages(CountJob, admin.site).get_action_choices(request_of_superuser(), [])
    assert [(name, str(description)) for name, description in offered] == [
        ("delete_selected", "Delete selected count jobs"),
        ("run_now", "Run now"),
        ("pause", "Pause for a while"),
        ("greet", "Greet"),
    ]


def test_a_column_tells_of_a_definition_that_no_page_has_loaded_without_links() -> None:
    model_admin = OwnPages(CountJob, admin.site)
    definition: Any = model_admin.get_object(request_of_superuser(), str(make_definition().pk))
    assert "2" in model_admin.next_run(definition)
    assert "<a" not in model_admin.last_run(definition)


def test_a_form_may_change_even_the_key_of_what_a_page_tells_of() -> None:
    model_admin, definition = OwnPages(CountJob, admin.site), make_definition()
    model_admin.load_facts(request_of_superuser(), [definition])
    facts = model_admin.facts_of(definition)
    definition.pk = 4711
    assert model_admin.facts_of(definition) is facts


def test_a_pause_is_told_of_whatever_a_kind_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CountJob._meta.get_field("enabled"), "verbose_name", "active")
    definition = make_definition()
    log_changed(user_of("superuser").pk, [definition], ["enabled"], enabled=False)
    assert last_pause(definition) is not None
