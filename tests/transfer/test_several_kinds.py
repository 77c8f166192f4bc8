"""One file of several kinds: what is exported from one site is the same on an empty one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from countjobs.models import CommandJob, CountJob, JobDefinition
from countjobs.text import visible
from countjobs.triggers.upcoming import upcoming
from tests.app.models import Greeting
from tests.support.factories import NOON
from tests.support.registering import function_job, mail, register
from tests.support.strategies import expressions
from tests.support.transfers import (
    document,
    empty_the_site,
    entry,
    everything,
    import_all,
    plan_of_all,
    problems,
)

LATER = datetime(2090, 1, 1, 12, tzinfo=UTC)

letters = st.characters(codec="utf-8", exclude_characters="\0")
names = st.text(letters, min_size=1, max_size=30).filter(lambda name: visible(name) == name)
schedules = st.one_of(
    st.fixed_dictionaries({"hour": expressions("hour"), "second": expressions("second")}),
    st.fixed_dictionaries(
        {
            "schedule_type": st.just("interval"),
            "every": st.integers(1, 10**6),
            "start_date": st.none() | st.just(NOON),
        }
    ),
    st.fixed_dictionaries({"schedule_type": st.just("once"), "run_at": st.just(LATER)}),
)
kinds: st.SearchStrategy[tuple[type[JobDefinition], dict[str, Any]]] = st.one_of(
    st.builds(lambda count: (CountJob, {"count": count}), st.integers(0, 9)),
    st.builds(lambda text: (Greeting, {"greeted": text}), st.text(letters, min_size=1, max_size=9)),
    st.just((CommandJob, {"command": "clearsessions", "arguments": "-v 2"})),
)


@st.composite
def definitions(draw: st.DrawFn) -> JobDefinition:
    """A valid one."""
    model, own = draw(kinds)
    group = draw(st.sampled_from(["", "nightly", "数"]))
    given = {"name": draw(names), "group": group, "enabled": draw(st.booleans())}
    definition = model(**given, **draw(schedules), **own)
    definition.full_clean(validate_unique=False, validate_constraints=False)
    return definition


def fires() -> dict[str, list[datetime]]:
    """When all definitions are due."""
    start = datetime(2027, 1, 1, tzinfo=UTC)
    there = [each for model in (CountJob, Greeting) for each in model._base_manager.all()]
    return {str(each): list(upcoming(each.trigger(), start, 3)) for each in there}


class SeveralKinds(TestCase):
    """On a database that is empty before each example."""

    @given(
        st.lists(definitions(), max_size=5, unique_by=lambda each: (type(each), each.name)),
    )
    @settings(derandomize=True, max_examples=25, deadline=None, database=None)
    def test_what_is_exported_and_imported_elsewhere_is_the_same_and_fires_at_the_same_times(
        self, made: list[JobDefinition]
    ) -> None:
        for each in made:
            each.save()
        text, before = everything(), fires()
        assert len(json.loads(text)["definitions"]) == len(made)
        empty_the_site()
        assert len(import_all(text).to_save) == len(made)
        assert everything() == text
        assert fires() == before
        assert not import_all(text).to_save


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("isolated_registry")]


def test_functions_come_through_with_their_arguments() -> None:
    register(mail)
    function_job("mail", arguments={"days": 3, "to": "ops"})
    text = everything()
    empty_the_site()
    import_all(text)
    assert everything() == text
    [read] = json.loads(text)["definitions"]
    assert read["arguments"] == {"days": 3, "to": "ops"}


def test_entries_are_matched_by_kind_and_name() -> None:
    CountJob.objects.create(name="a", hour="5")
    greeting = {"model": "app.greeting", "name": "a", "greeted": "you"}
    plan = import_all(document(entry("a", hour="6"), greeting))
    assert [(each.label, each.name, each.state) for each in plan.entries] == [
        ("countjobs.countjob", "a", "changed"),
        ("app.greeting", "a", "added"),
    ]
    assert CountJob.objects.get().hour == "6"
    assert Greeting._default_manager.get().hour == "*"


def test_the_same_name_twice_is_refused_only_within_a_kind() -> None:
    greeting = {"model": "app.greeting", "name": "a", "greeted": "you"}
    plan = plan_of_all(document(entry("a"), greeting, entry("a")))
    assert [each.state for each in plan.entries] == ["refused", "added", "refused"]


@pytest.mark.parametrize("model", ["x.y", "auth.user", "", None, 7, ["a"], {"a": 1}, "CountJob"])
def test_an_unknown_kind_is_refused_at_its_entry(model: Any) -> None:
    plan = plan_of_all(document({**entry("a"), "model": model}, entry("b")))
    [(field, message)] = problems(plan)
    assert field == "model"
    assert message.startswith("There is no kind of definition “")
    assert [each.state for each in plan.entries] == ["refused", "added"]


@pytest.mark.parametrize(
    ("model", "fields", "told"),
    [
        ("functionjob", {"function": "os.system"}, "function"),
        ("functionjob", {"function": "shop.jobs.mail", "arguments": {"days": "x"}}, "arguments"),
        ("functionjob", {"function": "shop.jobs.mail", "arguments": {"more": 1}}, "arguments"),
        ("commandjob", {"command": "flush"}, "command"),
        ("commandjob", {"command": "clearsessions", "arguments": "--nonsense"}, "arguments"),
        ("countjob", {"messages": [1]}, "messages"),
        ("countjob", {"schedule_type": "interval"}, "every"),
        ("countjob", {"schedule_type": "interval", "every": 0}, "every"),
        ("countjob", {"schedule_type": "interval", "every": "90"}, "every"),
        ("countjob", {"schedule_type": "interval", "every": 1.5}, "every"),
        ("countjob", {"schedule_type": "interval", "every": 10**30}, "every"),
        ("countjob", {"schedule_type": "once"}, "run_at"),
        ("countjob", {"schedule_type": "once", "run_at": "2090-01-01T00:00:00"}, "run_at"),
        ("countjob", {"schedule_type": "once", "run_at": 7}, "run_at"),
        ("countjob", {"schedule_type": "sometimes"}, "schedule_type"),
        ("countjob", {"group": 7}, "group"),
        ("countjob", {"group": "x" * 65}, "group"),
        ("countjob", {"group": "\0"}, "group"),
    ],
)
def test_each_kind_has_its_own_checks(model: str, fields: dict[str, Any], told: str) -> None:
    register(mail)
    plan = plan_of_all(document({"model": f"countjobs.{model}", "name": "a", **fields}))
    assert {field for field, _message in problems(plan)} == {told}
