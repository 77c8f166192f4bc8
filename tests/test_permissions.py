"""Who may do what: every page and every action, for every role."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from countjobs.models import CountJob, Execution, ParkedJob, SchedulerNode
from countjobs.models.executions import Status
from tests.factories import NOON, make_execution
from tests.people import client_of
from tests.test_bad_input import form_values

pytestmark = pytest.mark.django_db

ROLES = ("anonymous", "nobody", "viewer", "runner", "editor", "superuser")

PAGES: dict[str, tuple[int, int, int, int, int, int]] = {
    "index": (302, 200, 200, 200, 200, 200),
    "countjobs": (302, 404, 200, 200, 200, 200),
    "countjob_changelist": (302, 403, 200, 200, 200, 200),
    "countjob_add": (302, 403, 403, 403, 200, 200),
    "countjob_change": (302, 403, 200, 200, 200, 200),
    "countjob_history": (302, 403, 200, 200, 200, 200),
    "countjob_delete": (302, 403, 403, 403, 200, 200),
    "execution_changelist": (302, 403, 200, 200, 200, 200),
    "execution_change": (302, 403, 200, 200, 200, 200),
    "execution_live": (302, 403, 200, 200, 200, 200),
    "execution_jobs": (302, 403, 200, 200, 200, 200),
    "execution_again": (302, 405, 405, 405, 405, 405),
    "execution_cancel": (302, 405, 405, 405, 405, 405),
    "execution_add": (302, 403, 403, 403, 403, 403),
    "execution_delete": (302, 403, 403, 403, 403, 403),
    "schedulernode_changelist": (302, 403, 200, 200, 200, 200),
    "schedulernode_change": (302, 403, 200, 200, 200, 200),
    "schedulernode_add": (302, 403, 403, 403, 403, 403),
    "schedulernode_delete": (302, 403, 403, 403, 403, 403),
    "parkedjob_changelist": (302, 403, 200, 200, 200, 200),
    "parkedjob_change": (302, 403, 200, 200, 200, 200),
    "parkedjob_add": (302, 403, 403, 403, 403, 403),
    "parkedjob_delete": (302, 403, 403, 403, 403, 403),
}
"""The status that each role gets, in the order of `ROLES`; 302 leads to the login page."""

WRITES: dict[str, tuple[str, ...]] = {
    "countjob_add": ("editor", "superuser"),
    "countjob_change": ("editor", "superuser"),
    "countjob_delete": ("editor", "superuser"),
    "run_now": ("runner", "superuser"),
    "pause": ("editor", "superuser"),
    "resume": ("editor", "superuser"),
    "delete_selected": ("editor", "superuser"),
    "execution_add": (),
    "execution_again": ("runner", "superuser"),
    "execution_cancel": ("runner", "superuser"),
    "execution_change": (),
    "execution_delete": (),
    "execution_changelist": (),
    "schedulernode_add": (),
    "schedulernode_change": (),
    "schedulernode_delete": (),
    "parkedjob_add": (),
    "parkedjob_change": (),
    "parkedjob_delete": (),
}
"""Whose POST has an effect."""


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
        model = page.split("_", maxsplit=1)[0]
        if page == "execution_cancel":
            model = "queued"
        args = [] if page.endswith(("_changelist", "_add", "_jobs")) else [self._key(model)]
        return reverse(f"admin:countjobs_{page}", args=args)

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
        data: dict[str, Any] = {"post": "yes", "job_name": "new", "host": "new", "error": "new"}
        if what in ("run_now", "pause", "resume", "delete_selected"):
            url = self.address("countjob_changelist")
            data |= {"action": what, "_selected_action": [self.on.pk, self.off.pk]}
        else:
            url = self.address(what)
            data |= form_values({"description": "new"}) if what.startswith("countjob") else {}
        if what == "execution_changelist":
            data |= {"action": "delete_selected", "_selected_action": [self.execution.pk]}
        if what == "countjob_delete":
            data = {"post": "yes"}
        return client.post(url, data).status_code


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_shown_only_to_who_may_see_it(page: str, role: str, rows: Rows) -> None:
    response = client_of(role).get(rows.address(page))
    assert response.status_code == PAGES[page][ROLES.index(role)]
    if response.status_code == 302:
        assert response["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("what", WRITES)
def test_a_post_has_an_effect_only_for_who_may_do_it(what: str, role: str, rows: Rows) -> None:
    before = rows.state()
    status = rows.post(client_of(role), what)
    assert (rows.state() != before) is (role in WRITES[what])
    assert status in (200, 302, 403)


@pytest.mark.parametrize("what", WRITES)
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


ACTIONS: dict[str, set[str]] = {
    "viewer": set(),
    "runner": {"run_now"},
    "editor": {"pause", "resume", "delete_selected"},
    "superuser": {"run_now", "pause", "resume", "delete_selected"},
}


@pytest.mark.parametrize("role", ACTIONS)
def test_an_action_that_a_person_may_not_do_is_not_shown(role: str, rows: Rows) -> None:
    page = client_of(role).get(rows.address("countjob_changelist")).content.decode()
    offered = {name for name in ACTIONS["superuser"] if f'<option value="{name}"' in page}
    assert offered == ACTIONS[role]


def test_nobody_is_offered_to_add_or_delete_history(rows: Rows) -> None:
    client = client_of("superuser")
    for page in ("execution_changelist", "execution_change"):
        content = client.get(rows.address(page)).content.decode()
        assert "addlink" not in content.split('id="content-main"')[1]
        assert "deletelink" not in content
