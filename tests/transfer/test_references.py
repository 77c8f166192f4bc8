"""Importing definitions that point to other rows."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from countjobs.admin.transfer.permitted import scope_of_kind
from countjobs.transfer import dry_run as dry_runs
from tests.app.models import Team, TeamJob
from tests.support.transfers import document, model_admin_of, plan_of, problems, request_of_somebody

pytestmark = pytest.mark.django_db


def test_references_take_one_query_however_many_there_are() -> None:
    teams = [Team.objects.create() for _ in range(9)]
    entries = [
        {"model": "app.teamjob", "name": f"n{n}", "team": team.pk} for n, team in enumerate(teams)
    ]
    model_admin, request = model_admin_of(TeamJob), request_of_somebody()

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            plan = dry_runs.dry_run(scope_of_kind(model_admin, request), document(*entries[:count]))
        assert len(plan.to_save) == count
        return len(captured)

    assert queries(2) == queries(9) == 2


@pytest.mark.parametrize(
    "team", [None, 0, 10**30, -(10**30), "1", 1.5, True, [], ["x"], {"a": 1}, "\0"], ids=repr
)
def test_a_reference_to_what_is_not_there_is_refused_at_its_field(team: Any) -> None:
    plan = plan_of(document({"model": "app.teamjob", "name": "a", "team": team}), TeamJob)
    [(field, message)] = problems(plan)
    assert field == "team"
    assert message


def test_a_reference_may_not_be_missing() -> None:
    plan = plan_of(document({"model": "app.teamjob", "name": "a"}), TeamJob)
    assert problems(plan) == [("team", "This field cannot be null.")]


def test_a_reference_can_be_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    team = Team.objects.create()

    def by_name(self: models.Manager[Team], word: str, number: int) -> Team:
        if word != "team":
            raise Team.DoesNotExist
        return self.get(pk=number)

    monkeypatch.setattr(Team, "natural_key", lambda self: ("team", self.pk), raising=False)
    manager = type(Team._default_manager)
    monkeypatch.setattr(manager, "get_by_natural_key", by_name, raising=False)

    def plan(*names: Any) -> Any:
        text = document({"model": "app.teamjob", "name": "a", "team": list(names)})
        return plan_once(text)

    model_admin, request = model_admin_of(TeamJob), request_of_somebody()

    def plan_once(text: str) -> Any:
        [planned] = dry_runs.dry_run(scope_of_kind(model_admin, request), text).entries
        return planned

    assert plan("team", team.pk).definition.team == team
    for names_given in (["team", 0], ["crew", team.pk], ["team"], ["team", "x"], ["team", 10**30]):
        [(field, message)] = plan(*names_given).problems
        assert field == "team"
        assert message.startswith("There is no team")
