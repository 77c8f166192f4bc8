"""All of a file is saved or nothing, whatever refuses an entry."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_apscheduler.models import DjangoJob

from countjobs.models import CountJob, JobDefinition
from countjobs.transfer.everything import scope_of_everything
from countjobs.transfer.reading import MOST_ENTRIES
from countjobs.transfer.saving import NotAppliedError, Order, Why, apply
from tests.app.models import Greeting
from tests.support.transfers import document, entry, import_all, names, plan_of_all

pytestmark = pytest.mark.django_db

GREETING = {"model": "app.greeting", "name": "hi", "greeted": "you"}


def test_one_refused_entry_keeps_those_of_all_kinds_out() -> None:
    with pytest.raises(NotAppliedError) as refused:
        import_all(document(GREETING, entry("bad", hour="25")))
    assert refused.value.why is Why.REFUSED
    assert not Greeting._default_manager.exists()


def test_refused_entries_can_be_left_out() -> None:
    plan = import_all(document(GREETING, entry("bad", hour="25"), entry("good")), leave_out=True)
    assert len(plan.to_save) == 2
    assert Greeting._default_manager.exists()
    assert names() == ["good"]


def refuse_a(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the database refuse count jobs of this name, but no greetings."""
    save = CountJob.save

    def refuse(self: JobDefinition, **kwargs: Any) -> None:
        if self.name == "a":
            raise ValueError("no")
        save(self, **kwargs)

    monkeypatch.setattr(CountJob, "save", refuse)


def test_what_the_database_refuses_is_told_by_kind_and_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refuse_a(monkeypatch)
    with pytest.raises(NotAppliedError) as refused:
        import_all(document({**GREETING, "name": "a"}, entry("a"), entry("b")))
    assert refused.value.why is Why.NOT_TAKEN
    assert refused.value.refused == {"countjobs.countjob:a": "ValueError: no"}
    assert [each.state for each in refused.value.plan.entries] == ["added", "refused", "added"]
    assert not DjangoJob.objects.exists()
    assert not Greeting._default_manager.exists()


def test_what_was_shown_is_not_applied_if_something_has_changed() -> None:
    CountJob.objects.create(name="a", hour="5")
    text = document(entry("a", hour="6"))
    digest = plan_of_all(text).digest()
    CountJob.objects.update(hour="7")
    with pytest.raises(NotAppliedError) as refused:
        apply(scope_of_everything(), Order(text, digest), leave_out=True)
    assert refused.value.why is Why.CHANGED
    assert CountJob.objects.get().hour == "7"


def test_what_is_done_then_is_undone_with_the_rest() -> None:
    def fail(_plan: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        apply(scope_of_everything(), Order(document(entry())), leave_out=False, then=fail)
    assert names() == []


def test_kinds_that_a_file_does_not_name_cost_no_query() -> None:
    def queries(*entries: Any) -> int:
        with CaptureQueriesContext(connection) as captured:
            plan_of_all(document(*entries))
        return len(captured)

    assert queries() == 0
    assert queries(entry()) == 1
    assert queries(entry(), GREETING) == 2


def test_who_has_the_machine_may_import_any_number() -> None:
    text = document(*(entry(f"n{n}") for n in range(MOST_ENTRIES + 1)))
    assert len(plan_of_all(text).to_save) == MOST_ENTRIES + 1
