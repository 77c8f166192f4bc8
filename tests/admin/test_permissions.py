"""Who may do what: every page and every action, for every role."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from countjobs.admin.transfer.carried import Carried
from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode
from countjobs.models.executions import Status
from tests.admin.definitions.test_bad_input import form_values
from tests.support.factories import NOON, make_execution
from tests.support.people import ROLES, client_of
from tests.support.transfers import document, entry, plan_of

pytestmark = pytest.mark.django_db

STAFF = {*ROLES} - {"anonymous"}
VIEWERS = STAFF - {"nobody"}
ADDERS = {"adder", "writer", "editor", "superuser"}
CHANGERS = {"changer", "writer", "editor", "superuser"}
DELETERS = {"deleter", "editor", "superuser"}
PAUSERS = {"pauser", "editor", "superuser"}
RUNNERS = {"runner", "superuser"}
IMPORTERS = ADDERS & CHANGERS & PAUSERS
NOBODY: set[str] = set()

PAGES: dict[str, set[str]] = {
    "index": STAFF,
    "countjobs": VIEWERS,
    "overview": VIEWERS,
    "overview_parts": VIEWERS,
    "countjob_changelist": VIEWERS,
    "countjob_add": ADDERS,
    "countjob_change": VIEWERS,
    "countjob_import": IMPORTERS,
    "countjob_run": RUNNERS,
    "countjob_history": VIEWERS,
    "countjob_delete": DELETERS,
    "execution_changelist": VIEWERS,
    "execution_change": VIEWERS,
    "execution_history": VIEWERS,
    "execution_live": VIEWERS,
    "execution_jobs": VIEWERS,
    "execution_add": NOBODY,
    "execution_delete": NOBODY,
    "schedulernode_changelist": VIEWERS,
    "schedulernode_change": VIEWERS,
    "schedulernode_history": VIEWERS,
    "schedulernode_add": NOBODY,
    "schedulernode_delete": NOBODY,
    "parkedjob_changelist": VIEWERS,
    "parkedjob_change": VIEWERS,
    "parkedjob_history": VIEWERS,
    "parkedjob_add": NOBODY,
    "parkedjob_delete": NOBODY,
}
"""Who is shown a page. Others are refused, and `anonymous` is led to the login page."""

QUESTIONS: dict[str, set[str]] = {
    "countjob_crontab_new": ADDERS | CHANGERS,
    "countjob_preview_new": ADDERS | CHANGERS,
    "countjob_crontab": CHANGERS,
    "countjob_preview": CHANGERS,
    "export": VIEWERS,
}
"""Who is answered a POST that changes nothing."""

WRITES: dict[str, set[str]] = {
    "countjob_add": ADDERS,
    "countjob_change": CHANGERS,
    "countjob_delete": DELETERS,
    "countjob_run": RUNNERS,
    "countjob_pause": PAUSERS,
    "countjob_resume": PAUSERS,
    "countjob_enabled": PAUSERS,
    "countjob_import": IMPORTERS,
    "run_now": RUNNERS,
    "pause": PAUSERS,
    "resume": PAUSERS,
    "duplicate": ADDERS,
    "delete_selected": DELETERS,
    "execution_again": RUNNERS,
    "execution_cancel": RUNNERS,
    "execution_add": NOBODY,
    "execution_change": NOBODY,
    "execution_delete": NOBODY,
    "execution_changelist": NOBODY,
    "schedulernode_add": NOBODY,
    "schedulernode_change": NOBODY,
    "schedulernode_delete": NOBODY,
    "parkedjob_add": NOBODY,
    "parkedjob_change": NOBODY,
    "parkedjob_delete": NOBODY,
    "countjob_changelist": NOBODY,
    "schedulernode_changelist": NOBODY,
    "parkedjob_changelist": NOBODY,
    "countjob_history": NOBODY,
    "execution_history": NOBODY,
    "schedulernode_history": NOBODY,
    "parkedjob_history": NOBODY,
    "overview": NOBODY,
    "overview_parts": NOBODY,
}
"""Whose POST has an effect."""

ACTIONS = {
    "export": QUESTIONS["export"],
    **{
        name: WRITES[name]
        for name in ("run_now", "pause", "resume", "duplicate", "delete_selected")
    },
}
"""Whom the list of definitions offers an action."""

WITHOUT_A_ROW = ("_changelist", "_add", "_import", "_jobs", "_new", "_overview", "_overview_parts")


def each(table: dict[str, set[str]]) -> Iterable[tuple[str, str]]:
    """Every row of a table with every role."""
    return [(name, role) for name in table for role in ROLES]


class Rows:
    """One row of each kind, and what a page's address needs to name it."""

    def __init__(self) -> None:
        self.on = CountJob.objects.create(name="on", description="old")
        self.off = CountJob.objects.create(name="off", enabled=False)
        of_definition: dict[str, Any] = {"job_id": self.on.job_id, "job_name": "old"}
        self.execution = make_execution(**of_definition)
        self.queued = make_execution(Status.QUEUED, **of_definition)
        self.node = SchedulerNode.objects.create(
            host="old", pid=1, version="1", started=NOON, heartbeat=NOON, capacity=1
        )
        self.parked = ParkedJob.objects.create(job_id="old", error="old", parked_at=NOON)

    def address(self, page: str) -> str:
        if page == "index":
            return reverse("admin:index")
        if page == "countjobs":
            return reverse("admin:app_list", args=["countjobs"])
        name = f"countjobs_{page}"
        model = page.split("_", maxsplit=1)[0]
        if page == "countjob_resume":
            return reverse(f"admin:{name}", args=[self.off.pk])
        if page == "execution_cancel":
            model = "queued"
        args = [] if name.endswith(WITHOUT_A_ROW) else [self._key(model)]
        return reverse(f"admin:{name}", args=args)

    def _key(self, model: str) -> Any:
        rows: dict[str, Any] = {
            "countjob": self.on,
            "execution": self.execution,
            "queued": self.queued,
            "schedulernode": self.node,
            "parkedjob": self.parked,
        }
        return rows[model].pk

    def state(self) -> list[Any]:
        """Everything that a POST might change."""
        models: list[Any] = [CountJob, Execution, SchedulerNode, ParkedJob]
        return [list(model.objects.order_by("pk").values()) for model in models]

    def post(self, client: Client, what: str) -> int:
        """Post what would have the effect, and return the status."""
        return int(self.answer(client, what).status_code)

    def answer(self, client: Client, what: str) -> Any:
        """The response to that."""
        data: dict[str, Any] = {"post": "yes", "job_name": "new", "host": "new", "error": "new"}
        if what in ACTIONS:
            url = self.address("countjob_changelist")
            data |= {"action": what, "_selected_action": [self.on.pk, self.off.pk]}
        else:
            url = self.address(what)
            data |= form_values({"description": "new"}) if what.startswith("countjob") else {}
        if what == "countjob_enabled":
            data = {"enabled": "0"}
        if what == "execution_changelist":
            data |= {"action": "delete_selected", "_selected_action": [self.execution.pk]}
        if what == "countjob_delete":
            data = {"post": "yes"}
        if what == "countjob_import":
            data = {"packed": _shown(), "_confirm": "yes"}
        response = client.post(url, data)
        response.getvalue()  # a file that is read to its end is closed
        return response


def _shown() -> str:
    """What a dry run has shown to somebody who may import: anybody may have got hold of it."""
    text = document(entry("imported"))
    return Carried(text, plan_of(text).digest()).pack(CountJob)


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.mark.parametrize(("page", "role"), each(PAGES))
def test_a_page_is_shown_only_to_who_may_see_it(page: str, role: str, rows: Rows) -> None:
    response = client_of(role).get(rows.address(page))
    if role in PAGES[page]:
        assert response.status_code == 200
    elif role == "anonymous":
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("admin:login"))
    else:
        assert response.status_code == (404 if page == "countjobs" else 403)


@pytest.mark.parametrize(("what", "role"), each(QUESTIONS))
def test_a_question_is_answered_only_to_who_may_ask_it(what: str, role: str, rows: Rows) -> None:
    before = rows.state()
    refused = 302 if role == "anonymous" else 403
    assert rows.post(client_of(role), what) == (200 if role in QUESTIONS[what] else refused)
    assert rows.state() == before


@pytest.mark.parametrize("role", ROLES)
def test_definitions_are_exported_only_to_who_may_see_them(role: str, rows: Rows) -> None:
    answer = rows.answer(client_of(role), "export")
    is_file = answer.get("Content-Disposition", "").startswith("attachment")
    assert is_file is (role in ACTIONS["export"])


@pytest.mark.parametrize(("what", "role"), each(WRITES))
def test_a_post_has_an_effect_only_for_who_may_do_it(what: str, role: str, rows: Rows) -> None:
    before = rows.state()
    status = rows.post(client_of(role), what)
    assert (rows.state() != before) is (role in WRITES[what])
    assert status in (200, 302, 403)


@pytest.mark.parametrize("what", [*WRITES, *QUESTIONS])
def test_a_cross_site_post_is_refused(what: str, rows: Rows) -> None:
    before = rows.state()
    client = client_of("superuser", enforce_csrf_checks=True)
    assert rows.post(client, what) == 403
    assert rows.state() == before


def test_an_action_by_get_does_nothing(rows: Rows) -> None:
    before = rows.state()
    query = f"action=run_now&_selected_action={rows.on.pk}&index=0"
    client_of("superuser").get(f"{rows.address('countjob_changelist')}?{query}")
    assert rows.state() == before


@pytest.mark.parametrize("role", sorted(VIEWERS))
def test_an_action_that_a_person_may_not_do_is_not_shown(role: str, rows: Rows) -> None:
    page = client_of(role).get(rows.address("countjob_changelist")).content.decode()
    offered = {name for name in ACTIONS if f'<option value="{name}"' in page}
    assert offered == {name for name, roles in ACTIONS.items() if role in roles}


def test_a_change_does_not_pause_for_who_may_not_pause(rows: Rows) -> None:
    client = client_of("changer")
    url = rows.address("countjob_change")
    assert 'name="enabled"' not in client.get(url).content.decode()
    for forged in ({}, {"enabled": ""}, {"enabled": "false"}):
        response = client.post(url, form_values({"description": str(forged), **forged}))
        assert response.status_code == 302
        rows.on.refresh_from_db()
        assert (rows.on.enabled, rows.on.description) == (True, str(forged))


def test_a_change_pauses_for_who_may_do_both(rows: Rows) -> None:
    client = client_of("editor")
    url = rows.address("countjob_change")
    assert 'name="enabled"' in client.get(url).content.decode()
    values = form_values({})
    values.pop("enabled", None)
    assert client.post(url, values).status_code == 302
    rows.on.refresh_from_db()
    assert not rows.on.enabled


def test_what_is_added_is_enabled_for_who_may_not_pause(rows: Rows) -> None:
    client = client_of("adder")
    values = form_values({"name": "added"})
    values.pop("enabled", None)
    assert client.post(rows.address("countjob_add"), values).status_code == 302
    assert CountJob.objects.get(name="added").enabled


def test_the_preview_of_who_may_not_pause_knows_whether_it_is_enabled(rows: Rows) -> None:
    client = client_of("changer")
    said = client.post(rows.address("countjob_preview"), {"minute": "5"}).content.decode()
    assert "It is not enabled" not in said
    CountJob.objects.update(enabled=False)
    said = client.post(rows.address("countjob_preview"), {"minute": "5"}).content.decode()
    assert "It is not enabled" in said


def test_nobody_is_offered_to_add_or_delete_history(rows: Rows) -> None:
    client = client_of("superuser")
    for page in ("execution_changelist", "execution_change"):
        content = client.get(rows.address(page)).content.decode()
        assert "addlink" not in content.split('id="content-main"')[1]
        assert "deletelink" not in content
